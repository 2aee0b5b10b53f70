import { expect, test } from 'vitest'
import { statusTable } from '../src/status/table.ts'
import { scene } from './support.ts'

test('status: shows the sign-ins as a table, and narrow terminals get one line for each fact', async () => {
  await using s = await scene()
  await s.run(['login', s.url, '--headless'])
  const wide = await s.run(['status'])
  expect(wide.out).toMatch(
    /SERVER +ACCOUNT +STATE +SCOPES +ACCESS TOKEN +GRANT +NEXT REFRESH +LAST OUTCOME/,
  )
  expect(wide.out).toMatch(
    /\/mcp +default +active +mcp:read offline_access +in 59 min \d+ s +- +in 5\d min.* tokens issued/,
  )
  expect(wide.out).toContain('encrypted with the key in')
  const narrow = await s.run(['status'], { stdoutTerminal: { columns: 60 } })
  expect(narrow.out).not.toContain('SERVER')
  expect(narrow.out).toMatch(/next refresh +in 5\d min/)
  expect(narrow.out).toMatch(/last outcome +tokens issued/)
})

test('status: a table is never wider than the terminal', () => {
  const session = {
    serverUrl: 'https://mcp.example/mcp',
    profile: 'default',
    state: 'active',
  } as const
  const scope = Array.from({ length: 30 }, (_, index) => `scope:${index}`).join(' ')
  const wide = statusTable([{ ...session, scope }], 0) ?? ''
  const widest = Math.max(...wide.split('\n').map((line) => line.length))
  expect(wide).toContain('…')
  expect(statusTable([{ ...session, scope }], 0, widest)).toBe(wide)
  expect(statusTable([{ ...session, scope }], 0, widest - 1)).toBeUndefined()
})

test(
  'status: --check exits 1 if a sign-in is needed, for scripts',
  { tags: ['C-53'] },
  async () => {
    await using s = await scene({ accessTokenLifetimeSeconds: 1 })
    expect((await s.run(['status', '--check'])).code).toBe(1)
    expect((await s.run(['status', s.url, '--check'])).code).toBe(1)
    await s.run(['login', s.url, '--headless'])
    expect((await s.run(['status', '--check'])).code).toBe(0)
    const ready = await s.run(['status', s.url, '--check', '--json'])
    expect([ready.code, JSON.parse(ready.out).signInNeeded]).toEqual([0, false])
    s.as.revokeGrant()
    await s.run(['call', s.url, 'notes_list', '--repeat', '30', '--every', '100'])
    const ended = await s.run(['status', '--check', '--json'])
    expect([ended.code, JSON.parse(ended.out).signInNeeded]).toEqual([1, true])
    await s.run(['logout', s.url])
    expect((await s.run(['status', s.url, '--check'])).code).toBe(1)
  },
)

test(
  'token: prints a token that works, and nothing else on stdout',
  { tags: ['C-06'] },
  async () => {
    await using s = await scene()
    const without = await s.run(['token', s.url])
    expect([without.code, without.out]).toEqual([3, ''])
    await s.run(['login', s.url, '--headless'])
    const { code, out, err } = await s.run(['token', s.url])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    const response = await fetch(s.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${out.trim()}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    })
    expect(response.status).not.toBe(401)
    const document = JSON.parse((await s.run(['token', s.url, '--json'])).out)
    expect(document).toMatchObject({
      accessToken: out.trim(),
      tokenType: 'Bearer',
      scope: 'mcp:read offline_access',
      expiresAtEpochSeconds: expect.any(Number),
    })
  },
)

test(
  'token: refreshes an expired token first, and warns on a terminal',
  { tags: ['C-55', 'C-06'] },
  async () => {
    await using s = await scene({ accessTokenLifetimeSeconds: 1 })
    await s.run(['login', s.url, '--headless'])
    const first = await s.run(['token', s.url])
    // Signed tokens differ when they were issued at another time.
    let second = await s.run(['token', s.url], { stdoutTerminal: { columns: 80 } })
    while (second.out === first.out) {
      second = await s.run(['token', s.url], { stdoutTerminal: { columns: 80 } })
    }
    expect(s.as.refreshRequests()).toBeGreaterThan(0)
    expect(second.err).toContain('Keep this token secret')
  },
)

test(
  'profile: several accounts at one server have separate sign-ins',
  { tags: ['C-39'] },
  async () => {
    await using s = await scene()
    await s.run(['login', s.url, '--headless', '--profile', 'work'])
    expect((await s.run(['status', s.url])).out).toContain('never signed in')
    const env = { ...s.env, EVERGRANT_PROFILE: 'work' }
    expect((await s.run(['call', s.url, 'notes_list'], { env })).code).toBe(0)
    expect((await s.run(['call', s.url, 'notes_list'])).code).toBe(3)
    await s.run(['login', s.url, '--headless'])
    expect(s.as.grants()).toHaveLength(2)
    const all = JSON.parse((await s.run(['status', '--json'])).out)
    expect(all.sessions.map((one: { profile: string }) => one.profile)).toEqual(['default', 'work'])
    const work = JSON.parse((await s.run(['status', '--json'], { env })).out)
    expect(work.sessions).toMatchObject([{ profile: 'work' }])
    await s.run(['logout', s.url, '--profile', 'work'])
    expect((await s.run(['call', s.url, 'notes_list'])).code).toBe(0)
  },
)

test('resources, prompts: lists, reads and fills in what a server offers', async () => {
  await using s = await scene()
  await s.run(['login', s.url, '--headless', '--scope', 'mcp:read mcp:write'])
  const note = ['--args', '{"title":"hello","text":"from the test"}']
  await s.run(['call', s.url, 'notes_write', ...note])
  const listed = await s.run(['resources', s.url])
  expect(listed.code).toBe(0)
  const documents = JSON.parse((await s.run(['resources', s.url, '--json'])).out)
  const first = documents.resources.find((one: { title?: string }) => one.title === 'hello')
  expect(listed.out).toContain(first.uri)
  const read = await s.run(['read', s.url, first.uri])
  expect([read.code, read.out]).toEqual([0, expect.stringContaining('from the test')])
  const prompts = JSON.parse((await s.run(['prompts', s.url, '--json'])).out)
  expect(prompts.prompts.length).toBeGreaterThan(0)
  expect((await s.run(['prompts', s.url])).out).toContain(prompts.prompts[0].name)
  const missing = await s.run(['read', s.url, 'note:///missing'])
  expect(missing.code).toBe(4)
  const wrong = await s.run(['prompt', s.url, 'x', '--args', '{"a":1}'])
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('Expected a text for "a"')])
})
