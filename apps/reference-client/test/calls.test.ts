import { startProtectedServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { scene } from './support.ts'

test('tools: lists the tools of a server', async () => {
  await using s = await scene()
  const { code, out } = await s.run(['tools', s.url, '--headless', '--json'])
  expect(code).toBe(0)
  const document = JSON.parse(out)
  expect(document).toMatchObject({ serverUrl: s.url, protocolVersion: '2026-07-28' })
  expect(document.tools.map((tool: { name: string }) => tool.name)).toEqual([
    'notes_list',
    'notes_read',
    'notes_write',
    'notes_delete',
    'notes_statistics',
  ])
  expect((await s.run(['tools', s.url])).out).toMatch(/^notes_list +Lists your notes/)
})

test(
  'call: no call fails while tokens expire, with one refresh per expiry',
  { tags: ['C-51', 'C-55'] },
  async () => {
    await using s = await scene({ accessTokenLifetimeSeconds: 2 })
    await s.run(['login', s.url, '--headless'])
    const args = ['--parallel', '8', '--repeat', '25', '--every', '200', '--json']
    const { code, out, err } = await s.run(['call', s.url, 'notes_list', ...args])
    const { summary, result } = JSON.parse(out)
    expect(code).toBe(0)
    expect(summary).toMatchObject({
      rounds: 25,
      calls: 200,
      succeeded: 200,
      failed: 0,
      signIns: 0,
      refreshes: s.as.refreshRequests(),
    })
    expect(summary.refreshes).toBeGreaterThanOrEqual(2)
    expect(result).toMatchObject({ content: [{ type: 'text', text: '{"notes":[]}' }] })
    expect(s.as.count('token', 'refreshed')).toBe(s.as.refreshRequests())
    expect(err.match(/round \d+: 8 ok, 0 failed/g)).toHaveLength(25)
    expect(err).toContain('sign-ins   0')
  },
)

test('call: signs in and steps up automatically with --headless', async () => {
  await using s = await scene()
  const write = ['call', s.url, 'notes_write', '--args', '{"title":"hello","text":""}']
  const alone = await s.run([...write, '--json'])
  expect(alone.code).toBe(3)
  expect(JSON.parse(alone.out)).toMatchObject({
    error: {
      code: 'SIGN_IN_REQUIRED',
      signInReason: 'never-signed-in',
      command: `evergrant login ${s.url}`,
    },
  })
  expect(alone.err).toContain(`Run: evergrant login ${s.url}`)

  await s.run(['login', s.url, '--headless'])
  const narrow = await s.run([...write, '--json'])
  expect(narrow.code).toBe(3)
  expect(JSON.parse(narrow.out).error).toMatchObject({
    signInReason: 'wider-scope-needed',
    command: expect.stringContaining('--scope'),
  })

  const browsed = await s.run(write, {
    isInteractive: true,
    async openBrowser(url) {
      await fetch(url)
    },
  })
  expect([browsed.code, browsed.out]).toEqual([0, expect.stringContaining('"title":"hello"')])
  expect(s.as.count('authorize')).toBe(2)
})

test('call: signs in again automatically without a refresh token, and no call fails', async () => {
  await using s = await scene({ accessTokenLifetimeSeconds: 2, issueRefreshTokens: 'never' })
  const args = ['--headless', '--repeat', '12', '--parallel', '4', '--every', '300', '--json']
  const { code, out } = await s.run(['call', s.url, 'notes_list', ...args])
  const { summary } = JSON.parse(out)
  expect([code, summary.failed, summary.refreshes]).toEqual([0, 0, 0])
  // Each one exchanges a code, and nothing is refreshed.
  expect(summary.signIns).toBe(s.as.count('token'))
  expect(summary.signIns).toBeGreaterThan(1)
})

test('call: stops the rounds when the user must sign in', async () => {
  await using s = await scene({ accessTokenLifetimeSeconds: 1, issueRefreshTokens: 'never' })
  await s.run(['login', s.url, '--headless'])
  const args = ['--repeat', '100', '--every', '100', '--json']
  const { code, out } = await s.run(['call', s.url, 'notes_list', ...args])
  expect(code).toBe(3)
  expect(JSON.parse(out)).toMatchObject({
    error: { code: 'SIGN_IN_REQUIRED' },
  })
})

test('call: prints the summary after Ctrl-C, and leaves a usable sign-in', async () => {
  await using s = await scene()
  await s.run(['login', s.url, '--headless'])
  const interruption = new AbortController()
  const { code, out } = await s.run(
    ['call', s.url, 'notes_list', '--repeat', '1000', '--every', '20', '--json'],
    {
      signal: interruption.signal,
      stderr(text) {
        if (text.includes('round 3')) interruption.abort()
      },
    },
  )
  expect(code).toBe(130)
  expect(JSON.parse(out).summary).toMatchObject({ rounds: 3, calls: 3, succeeded: 3, failed: 0 })
  expect((await s.run(['call', s.url, 'notes_list'])).code).toBe(0)
})

test('call: reports a tool error, an unknown tool and invalid arguments', async () => {
  await using s = await scene()
  await s.run(['login', s.url, '--headless', '--scope', 'mcp:write'])
  const unknown = await s.run(['call', s.url, 'notes_burn', '--json'])
  expect([unknown.code, JSON.parse(unknown.out).error.code]).toEqual([4, 'MCP_REQUEST_FAILED'])
  const bad = await s.run(['call', s.url, 'notes_write', '--args', '{"text":""}', '--json'])
  expect([bad.code, JSON.parse(bad.out).error.code]).toEqual([4, 'MCP_REQUEST_FAILED'])
  expect(bad.err).toContain('with evergrant tools')
})

test('call: reports an unreachable server, and a server that is not an MCP server', async () => {
  await using s = await scene()
  await using other = await startProtectedServer(s.as)
  await s.run(['login', other.resource, '--headless'])
  const noMcp = await s.run(['tools', other.resource, '--json'])
  expect([noMcp.code, JSON.parse(noMcp.out).error.code]).toEqual([4, 'MCP_REQUEST_FAILED'])
  await other.close()
  const away = await s.run(['tools', other.resource, '--json'])
  expect(away.code).toBe(4)
  expect(JSON.parse(away.out).error).toMatchObject({
    code: 'SERVER_UNREACHABLE',
    message: expect.stringContaining('ECONNREFUSED'),
  })
})

test(
  'call: keeps the sign-in while the authorization server is unavailable, without a prompt',
  { tags: ['C-53'] },
  async () => {
    await using s = await scene({ accessTokenLifetimeSeconds: 1 })
    await s.run(['login', s.url, '--headless'])
    await s.run(['call', s.url, 'notes_list'])
    const signedIn = s.as.count('authorize')
    s.as.faults.token.push({ kind: 'status', status: 503, headers: { 'retry-after': '60' } })
    const args = ['--repeat', '50', '--every', '100', '--headless', '--json']
    const { code, out } = await s.run(['call', s.url, 'notes_list', ...args])
    expect(code).toBe(4)
    expect(JSON.parse(out).error).toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
      retryAfterSeconds: expect.any(Number),
    })
    expect(s.as.count('authorize')).toBe(signedIn)
    const { out: status } = await s.run(['status', s.url, '--json'])
    expect(JSON.parse(status).sessions).toMatchObject([{ state: 'active', canRefresh: true }])
  },
)
