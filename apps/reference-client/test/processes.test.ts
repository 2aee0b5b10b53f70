import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createCanaries } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { filesBeneath, scene } from './support.ts'
import type { Scene } from './support.ts'

/** Every refresh token that was sent, in order. */
function presented({ as }: Scene): readonly (string | undefined)[] {
  return as.requests
    .filter(({ form }) => form['grant_type'] === 'refresh_token')
    .map(({ form }) => form['refresh_token'])
}

test(
  'processes: two processes share one sign-in, with one refresh per expiry',
  { tags: ['C-51'] },
  async () => {
    await using s = await scene({ accessTokenLifetimeSeconds: 2 })
    const args = ['--headless', '--parallel', '4', '--repeat', '25', '--every', '200', '--json']
    const children = [0, 1].map(() => s.spawn(['call', s.url, 'notes_list', ...args]))
    const runs = await Promise.all(children.map(({ ended }) => ended))
    const summaries = runs.map(({ out }) => JSON.parse(out).summary)
    expect(runs.map(({ code }) => code)).toEqual([0, 0])
    for (const summary of summaries) expect(summary).toMatchObject({ calls: 100, failed: 0 })
    expect(s.as.count('authorize')).toBe(1)
    // No token was sent twice, and there was one request per expiry.
    expect(presented(s).length).toBeGreaterThanOrEqual(2)
    expect(new Set(presented(s)).size).toBe(presented(s).length)
    expect(s.as.count('token', 'refreshed')).toBe(s.as.refreshRequests())
    expect(summaries[0].refreshes + summaries[1].refreshes).toBe(s.as.refreshRequests())
    expect(s.as.isGrantAlive()).toBe(true)
  },
)

test('processes: processes that start together prompt the user once', async () => {
  await using s = await scene()
  const children = [0, 1, 2].map(() => s.spawn(['call', s.url, 'notes_list', '--headless']))
  const runs = await Promise.all(children.map(({ ended }) => ended))
  expect(runs.map(({ code, out }) => [code, out])).toEqual(runs.map(() => [0, '{"notes":[]}\n']))
  expect(s.as.count('authorize')).toBe(1)
})

test(
  'processes: a process killed at any moment leaves a usable sign-in',
  { tags: ['C-52'] },
  async () => {
    await using s = await scene({ accessTokenLifetimeSeconds: 1, graceSeconds: 60 })
    await s.run(['login', s.url, '--headless'])
    for (const moment of ['round 2:', 'refreshed', 'round 9:']) {
      const args = ['--parallel', '8', '--repeat', '1000', '--every', '50']
      const child = s.spawn(['call', s.url, 'notes_list', ...args])
      await child.untilSaid(moment)
      child.process.kill('SIGKILL')
      await child.ended
      expect((await s.run(['call', s.url, 'notes_list'])).code).toBe(0)
    }
    // Killed while the response to its refresh is in transit, with the old token already used.
    s.as.faults.token.push({ kind: 'hang', afterCommit: true })
    const child = s.spawn(['call', s.url, 'notes_list', '--repeat', '1000', '--every', '50'])
    await expect.poll(() => s.as.requests.at(-1)?.fault).toBe('hang')
    child.process.kill('SIGKILL')
    await child.ended
    expect(JSON.parse((await s.run(['status', '--json'])).out).sessions).toMatchObject([
      { state: 'active', refreshPending: true },
    ])
    expect((await s.run(['call', s.url, 'notes_list'])).code).toBe(0)
    expect(s.as.count('authorize')).toBe(1)
  },
)

test.skipIf(process.platform === 'win32')(
  'processes: SIGINT ends a command in order, with one document',
  async () => {
    await using s = await scene()
    const args = ['--headless', '--repeat', '1000', '--every', '50', '--json']
    const child = s.spawn(['call', s.url, 'notes_list', ...args])
    await child.untilSaid('round 3:')
    child.process.kill('SIGINT')
    const { code, out, err } = await child.ended
    expect([code, JSON.parse(out).summary.failed]).toEqual([130, 0])
    expect(err).toContain('sign-ins   1')
  },
)

test('processes: exit codes and documents are the same in a separate process', async () => {
  await using s = await scene()
  const children = [
    s.spawn(['call', s.url, 'notes_list', '--json']),
    s.spawn(['call', s.url, '--json']),
    s.spawn(['tools', 'http://127.0.0.1:1/mcp', '--json']),
  ]
  const runs = await Promise.all(children.map(({ ended }) => ended))
  expect(runs.map(({ code, out }) => [code, JSON.parse(out).error.code])).toEqual([
    [3, 'SIGN_IN_REQUIRED'],
    [2, 'USAGE'],
    [4, 'SERVER_UNREACHABLE'],
  ])
})

test('processes: no secret is printed or stored in plain text', { tags: ['C-06'] }, async () => {
  await using s = await scene({ accessTokenLifetimeSeconds: 1 })
  const call = ['call', s.url, 'notes_list', '--headless', '--repeat', '15', '--every', '100']
  const note = '{"title":"x","text":""}'
  await s.run(['login', s.url, '--headless', '--explain'])
  await s.run(['tools', s.url, '--json'])
  await s.run([...call, '--json'])
  await s.spawn(call).ended
  await s.run(['call', s.url, 'notes_write', '--args', note, '--headless'])
  s.as.faults.token.push({ kind: 'oauth-error', error: 'invalid_grant' })
  await s.run(call)
  s.as.faults.token.push({ kind: 'status', status: 500, body: 'oops' })
  await s.run(['login', s.url, '--headless'])
  await s.run(['login', s.url, '--headless', '--json'])
  await s.run(['status'])
  await s.run(['status', '--json'])
  const live = s.as.liveRefreshTokens()
  s.as.faults.revoke.push({ kind: 'reset' })
  await s.run(['logout', s.url, '--json'])

  const canaries = createCanaries()
  for (const token of live) canaries.watch('refresh token', token)
  for (const { form } of s.as.requests) {
    for (const name of ['refresh_token', 'code', 'code_verifier', 'token']) {
      const value = form[name]
      if (value !== undefined) canaries.watch(name, value)
    }
  }
  const key = await readFile(path.join(s.home, 'store.key'), 'utf8')
  const stored = (await filesBeneath(s.home)).filter((text) => text !== key)
  canaries.watch('store key', key.trim())
  const texts = [...s.printed, ...stored]
  expect(live.length).toBeGreaterThan(0)
  expect(stored.length).toBeGreaterThan(3)
  canaries.expectNoCanary(texts)
  // Access tokens are JWTs here.
  expect(texts.filter((text) => /eyJ[\w-]+\.eyJ[\w-]+\./.test(text))).toEqual([])
})
