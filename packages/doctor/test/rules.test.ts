import { requirements } from '@evergrant/core/requirements'
import { expect, test } from 'vitest'
import { rules, runChecks } from '../src/index.ts'
import { checkRules } from '../src/rules/all-rules.ts'
import type { Report } from '../src/index.ts'
import { brokenServers } from './support/broken-servers.ts'
import type { BrokenServer } from './support/broken-server.ts'
import { healthy, startDeployment } from './support/deployment.ts'

async function check({ deployment, certificate }: Omit<BrokenServer, 'rule'>): Promise<Report> {
  await using running = await startDeployment(deployment)
  const { report } = await runChecks(deployment.serverUrl, {
    fetch: running.fetch,
    clock: running.clock,
    readCertificate: (origin) =>
      Promise.resolve(origin === `https://${certificate?.host}` ? certificate : undefined),
  })
  return report
}

test('doctor: finds nothing at a deployment without a fault', async () => {
  const report = await check({ deployment: healthy })
  expect(report.findings).toEqual([])
  expect(report.access).toBe('protected')
  expect(report.discovery).toMatchObject({ outcome: 'found' })
})

test.each(brokenServers)(
  'rule $rule: fires at its broken server, and no other rule does',
  async (broken) => {
    const report = await check(broken)
    expect(new Set(report.findings.map(({ rule }) => rule))).toEqual(new Set([broken.rule]))
    for (const { evidence, change, message } of report.findings) {
      expect(evidence.length).toBeGreaterThan(0)
      expect(change).not.toBe('')
      expect(message).not.toBe('')
    }
  },
)

test.each(
  brokenServers.flatMap(({ rule, repaired }) => (repaired === undefined ? [] : { rule, repaired })),
)('rule $rule: finds nothing at the repaired server', async ({ repaired }) => {
  expect((await check({ deployment: repaired })).findings).toEqual([])
})

test('doctor: every rule has exactly one broken server', () => {
  expect(brokenServers.map(({ rule }) => rule).toSorted()).toEqual(
    checkRules.map(({ id }) => id).toSorted(),
  )
})

test('doctor: rules have unique IDs, known requirements, and a sentence for every keyword of a source', () => {
  const known = new Set<string>(requirements.map(({ id }) => id))
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
  for (const rule of rules) {
    expect(rule.id).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
    expect(rule.requirements.filter((id) => !known.has(id))).toEqual([])
    expect(rule.link).toMatch(/^https:\/\//)
    const hasKeyword = !['OURS', 'OBSERVED', 'BLOCKING'].includes(rule.keyword)
    expect([rule.id, rule.sentence !== undefined]).toEqual([rule.id, hasKeyword])
  }
})
