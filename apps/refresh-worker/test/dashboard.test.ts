import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { openTelemetryObserver, refreshWorkerGauges } from '@evergrant/client/opentelemetry'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { workerHealth } from '../src/operations/health.ts'
import { createMetrics } from '../src/operations/metrics.ts'
import { startOperationsServer } from '../src/operations/operations-server.ts'

const grant = { issuer: 'https://as.example', resource: 'https://mcp.example/mcp', clientId: 'c' }

/** The names of the metrics that the program serves once every kind of event has happened. */
async function servedNames(): Promise<ReadonlySet<string>> {
  const metrics = createMetrics()
  const observe = openTelemetryObserver(metrics)
  const attempt = { ...grant, attemptId: '1', reason: 'ahead-of-expiry' } as const
  const refused = { oauthError: 'invalid_grant', retryAfterSeconds: undefined }
  const tokens = { durationSeconds: 1, rotated: true, expiresInSeconds: 60, lateSeconds: 0 }
  const { issuer } = grant
  const error = new Error('status 500')
  observe({ ...attempt, type: 'refresh-started', remainingSeconds: 5 })
  observe({ ...attempt, ...tokens, type: 'refresh-succeeded' })
  observe({ ...attempt, ...refused, type: 'refresh-failed', outcome: 'grant-ended' })
  observe({ ...grant, type: 'grant-ended', reason: 'refused' })
  observe({ type: 'refresh-worker-claimed', grants: 1, lateSeconds: 0 })
  observe({ type: 'refresh-worker-paused', issuer, because: 'backing-off', untilEpochSeconds: 0 })
  observe({ type: 'refresh-worker-notified', issuer, attempt: 1 })
  const failed = { type: 'refresh-worker-notice-failed', issuer, attempt: 1 } as const
  observe({ ...failed, retryAfterSeconds: 1, error })
  observe({ type: 'refresh-worker-failed', issuer, error })
  const servers = [{ issuer, refreshing: 1, waiting: 1 }]
  const counts = { refreshed: 0, adopted: 0, postponed: 0, notified: 0 }
  refreshWorkerGauges(
    {
      stats: () => ({ running: true, inFlight: 1, ...counts, servers }),
      backlog: () => Promise.resolve({ grants: 1, lateSeconds: 1 }),
    },
    metrics,
  )
  const health = workerHealth({
    activity: { askedAt: 0, answeredAt: 0 },
    isRunning: () => true,
    isStopping: () => false,
  })
  const server = await startOperationsServer({ host: '127.0.0.1', port: 0 }, health, metrics)
  const text = await (await fetch(`${server.url}/metrics`)).text()
  await server.close()
  await metrics.close()
  return new Set([...text.matchAll(/^([a-z_]+)\{/gm)].map(([, name = '']) => name))
}

function namesIn(expressions: readonly string[]): readonly string[] {
  const names = expressions.flatMap(
    (one) => one.match(/\b(?:evergrant_client|process)_[a-z_]+/g) ?? [],
  )
  return [...new Set(names)].toSorted()
}

async function fileOf(name: string): Promise<string> {
  return await readFile(path.join(import.meta.dirname, '..', name), 'utf8')
}

test('dashboard: the program serves every metric that a panel queries', async () => {
  const { panels } = JSON.parse(await fileOf('dashboard.json')) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[]
  }
  const names = namesIn(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)))
  expect(names.length).toBeGreaterThan(12)
  const served = await servedNames()
  expect(names.filter((name) => !served.has(name))).toEqual([])
})

test('alerts: the program serves every metric that a rule queries, and each rule says what to do', async () => {
  const { groups } = parse(await fileOf('alerts.yaml')) as {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly expr: string
        readonly annotations: { readonly description: string }
      }[]
    }[]
  }
  const rules = groups.flatMap((group) => group.rules)
  expect(rules).toHaveLength(3)
  const served = await servedNames()
  expect(namesIn(rules.map(({ expr }) => expr)).filter((name) => !served.has(name))).toEqual([])
  for (const { annotations } of rules) expect(annotations.description).toMatch(/\.$/)
})

test('compose: the file starts PostgreSQL and two workers, and their variables are options', async () => {
  const { services } = parse(await fileOf('compose.yaml')) as {
    readonly services: {
      readonly worker: {
        readonly deploy: { readonly replicas: number }
        readonly environment: Readonly<Record<string, string>>
      }
    }
  }
  expect(services.worker.deploy.replicas).toBe(2)
  const { runOptions, storeOptions, variableOf } = await import('../src/settings/option-table.ts')
  const known = [...runOptions, ...storeOptions].map(({ name }) => variableOf(name))
  expect(known).toEqual(expect.arrayContaining(Object.keys(services.worker.environment)))
})
