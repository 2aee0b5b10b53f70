import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { scene } from './support.ts'
import type { Scene } from './support.ts'

test('status: shows the state of each sign-in, and where the key is', async () => {
  await using s = await scene()
  const empty = await s.run(['status', '--json'])
  expect(JSON.parse(empty.out)).toEqual({
    home: s.home,
    key: { kind: 'key-file', source: expect.stringContaining(path.join(s.home, 'store.key')) },
    sessions: [],
    unreadable: [],
    pendingRevocations: 0,
  })
  await s.run(['login', s.url, '--headless'])
  const { code, out } = await s.run(['status', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(out).sessions).toEqual([
    {
      serverUrl: s.url,
      profile: 'default',
      state: 'active',
      tokensIssuedAtEpochSeconds: expect.any(Number),
      refreshDueAtEpochSeconds: expect.any(Number),
      issuer: s.as.issuer,
      clientId: s.as.grants()[0]?.clientId,
      scope: 'mcp:read offline_access',
      accessTokenExpiresAtEpochSeconds: expect.any(Number),
      canRefresh: true,
      refreshPending: false,
    },
  ])
  const { out: text } = await s.run(['status', s.url])
  expect(text).toContain('encrypted with the key in the key file')
  expect(text).toMatch(/state +signed in/)
  expect(text).toMatch(/access token +expires in 59 min/)
  expect((await s.run(['status', 'http://127.0.0.1:1/mcp'])).out).toContain('never signed in')
})

test('status: says why a sign-in ended, and what to run', { tags: ['C-53'] }, async () => {
  await using s = await scene({ accessTokenLifetimeSeconds: 1 })
  await s.run(['login', s.url, '--headless'])
  s.as.revokeGrant()
  const every = ['--repeat', '30', '--every', '100']
  const calling = await s.run(['call', s.url, 'notes_list', '--json', ...every])
  expect(calling.code).toBe(3)
  expect(JSON.parse(calling.out).error).toMatchObject({
    signInReason: 'grant-ended',
    command: `evergrant login ${s.url}`,
  })
  const { out } = await s.run(['status', '--json'])
  expect(JSON.parse(out).sessions).toMatchObject([
    { state: 'needs-reauth', canRefresh: false, ended: { reason: 'refused' } },
  ])
  expect((await s.run(['status'])).out).toMatch(/why +the authorization server ended the grant/)
})

test('logout: signs out locally and at the authorization server', { tags: ['C-57'] }, async () => {
  await using s = await scene()
  await s.run(['login', s.url, '--headless'])
  const { code, out } = await s.run(['logout', s.url, '--json'])
  const signedOut = { profile: 'default', outcome: 'signed-out', revocation: 'revoked' }
  expect([code, JSON.parse(out)]).toEqual([0, { serverUrl: s.url, ...signedOut }])
  expect(s.as.isGrantAlive()).toBe(false)
  const again = await s.run(['logout', s.url])
  expect([again.code, again.out]).toEqual([
    0,
    `Nothing to sign out of: no sign-in to ${s.url} is stored. There are no stored sign-ins.\n`,
  ])
  expect((await s.run(['status'])).out).toMatch(/state +signed out/)
})

test.each([['status'], ['logout'], ['login']])(
  '%s: retries a revocation that failed while the server was unavailable',
  { tags: ['C-57'] },
  async (next) => {
    await using s = await scene()
    await s.run(['login', s.url, '--headless'])
    const [grant] = s.as.grants()
    s.as.faults.revoke.push({ kind: 'reset' })
    const { code, out } = await s.run(['logout', s.url, '--json'])
    expect([code, JSON.parse(out).revocation]).toEqual([0, 'pending'])
    expect(s.as.isGrantAlive(grant?.id)).toBe(true)
    const { err } = await s.run([next, s.url, ...(next === 'login' ? ['--headless'] : [])])
    expect(err).toContain('Revoked tokens of earlier sign-outs: 1')
    expect(s.as.isGrantAlive(grant?.id)).toBe(false)
  },
)

test('status: counts pending revocations', { tags: ['C-57'] }, async () => {
  await using s = await scene()
  await s.run(['login', s.url, '--headless'])
  s.as.faults.revoke.push({ kind: 'reset' }, { kind: 'reset' })
  await s.run(['logout', s.url])
  expect(JSON.parse((await s.run(['status', '--json'])).out).pendingRevocations).toBe(1)
  expect(JSON.parse((await s.run(['status', '--json'])).out).pendingRevocations).toBe(0)
})

test('status: shows a damaged record, and the next login replaces it', async () => {
  await using s = await scene()
  await s.run(['login', s.url, '--headless'])
  await damage(s, 'grant')
  const { code, out } = await s.run(['status', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(out).sessions).toMatchObject([
    { serverUrl: s.url, state: 'unreadable', problem: expect.stringContaining('set-aside') },
  ])
  await damage(s, 'binding')
  const unreadable = await s.run(['call', s.url, 'notes_list', '--json'])
  expect(unreadable.code).toBe(4)
  expect(JSON.parse(unreadable.out)).toMatchObject({ error: { code: 'RECORD_UNREADABLE' } })
  expect((await s.run(['login', s.url, '--headless'])).code).toBe(0)
  await damage(s, 'binding')
  const listed = await s.run(['status', '--json'])
  expect(JSON.parse(listed.out)).toMatchObject({
    sessions: [],
    unreadable: [{ code: 'RECORD_UNREADABLE' }],
  })
  expect((await s.run(['login', s.url, '--headless'])).code).toBe(0)
  expect((await s.run(['call', s.url, 'notes_list'])).code).toBe(0)
})

/** Overwrites every record of a kind. */
async function damage({ home }: Scene, kind: string): Promise<void> {
  const folder = path.join(home, 'store', kind)
  for (const name of await readdir(folder)) await writeFile(path.join(folder, name), '{"half')
}
