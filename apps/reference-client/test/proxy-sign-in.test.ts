import { createCanaries, startProtectedServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { scriptedMcp, startProxy } from './proxy-support.ts'
import type { ProxyProcess, Rpc } from './proxy-support.ts'
import { scene } from './support.ts'

const listNotes = { name: 'notes_list', arguments: {} }
const notes = { content: [{ type: 'text', text: '{"notes":[]}' }] }

/** The sign-in URL in an error. */
function urlIn({ error }: Rpc): string {
  return /http:\S+\/authorize\S+/.exec(error?.message ?? '')?.[0] ?? ''
}

async function callNotes(proxy: ProxyProcess): Promise<Rpc> {
  await proxy.initialize()
  return await proxy.request('tools/call', listNotes)
}

test('proxy: signs in, calls a tool and ends when the host closes stdin', async () => {
  await using s = await scene()
  await using proxy = startProxy([s.url, '--headless', '--sign-in-wait', '60'], s.env)
  expect((await callNotes(proxy)).result).toMatchObject(notes)
  expect(await proxy.end()).toBe(0)
  expect(s.as.count('authorize')).toBe(1)
})

test('proxy: answers with the sign-in URL while the user has not signed in, and proceeds afterwards', async () => {
  await using s = await scene()
  await using proxy = startProxy([s.url, '--no-browser', '--sign-in-wait', '0.1'], s.env)
  const initialized = await proxy.initialize()
  expect(initialized.result).toMatchObject({
    protocolVersion: '2025-11-25',
    capabilities: { tools: { listChanged: true } },
    instructions: expect.stringContaining('/authorize?'),
  })
  const refused = await proxy.request('tools/list')
  expect(refused.error).toMatchObject({
    message: expect.stringContaining(`You must sign in to ${s.url}. Open http://`),
    data: { reason: 'sign-in-required', authorizationUrl: urlIn(refused) },
  })
  const again = await proxy.request('tools/call', listNotes)
  expect(urlIn(again)).toBe(urlIn(refused))
  expect(proxy.stderr()).toContain(urlIn(refused))

  await fetch(urlIn(refused))
  await proxy.until(({ method }) => method === 'notifications/tools/list_changed')
  expect((await proxy.request('tools/list')).result?.['tools']).toHaveLength(5)
  expect((await proxy.request('tools/call', listNotes)).result).toMatchObject(notes)
  expect(await proxy.end()).toBe(0)
})

test('proxy: 8 instances that start together open one sign-in page and answer every call', async () => {
  await using s = await scene()
  const args = [s.url, '--headless', '--sign-in-wait', '60']
  const proxies = Array.from({ length: 8 }, () => startProxy(args, s.env))
  const results = await Promise.all(proxies.map((proxy) => callNotes(proxy)))
  expect(results.map(({ error }) => error)).toEqual(proxies.map(() => undefined))
  expect(s.as.count('authorize')).toBe(1)
  expect(s.as.count('token')).toBe(1)
  expect(await Promise.all(proxies.map((proxy) => proxy.end()))).toEqual(proxies.map(() => 0))
})

test('proxy: an instance that waits for another one names its sign-in page, and notices the sign-in', async () => {
  await using s = await scene()
  const args = [s.url, '--no-browser', '--sign-in-wait', '0.1']
  await using first = startProxy(args, s.env)
  await first.initialize()
  await first.untilSaid('Sign in at')
  const page = urlIn(await first.request('tools/list'))
  await using second = startProxy(args, s.env)
  await second.initialize()
  expect(urlIn(await second.request('tools/list'))).toBe(page)
  expect(second.stderr()).not.toContain('Sign in at')

  await fetch(page)
  await second.until(({ method }) => method === 'notifications/tools/list_changed')
  expect((await second.request('tools/call', listNotes)).result).toMatchObject(notes)
  expect(s.as.count('token')).toBe(1)
  expect(await Promise.all([first.end(), second.end()])).toEqual([0, 0])
})

test('proxy: reports a refused sign-in, and opens no second page for it at once', async () => {
  await using s = await scene()
  s.as.faults.authorize.push({ kind: 'oauth-error', error: 'access_denied' })
  await using proxy = startProxy([s.url, '--headless', '--sign-in-wait', '60'], s.env)
  expect((await proxy.initialize()).error?.message).toContain('access_denied')
  expect((await proxy.request('tools/list')).error?.message).toContain('access_denied')
  expect(s.as.count('authorize')).toBe(1)
})

test('proxy: widens the scope when a tool requires it', async () => {
  await using s = await scene()
  await using proxy = startProxy([s.url, '--headless', '--sign-in-wait', '60'], s.env)
  await proxy.initialize()
  const args = { name: 'notes_write', arguments: { title: 'hello', text: '' } }
  const { result } = await proxy.request('tools/call', args)
  expect(JSON.stringify(result)).toContain('hello')
  // Two sign-ins, and the check of the stored client before the second.
  expect(s.as.count('authorize')).toBe(3)
})

test('proxy: refreshes an expired token before a call, once for all instances', async () => {
  await using s = await scene({ accessTokenLifetimeSeconds: 2 })
  await s.run(['login', s.url, '--headless'])
  await using first = startProxy([s.url], s.env)
  await using second = startProxy([s.url], s.env)
  await Promise.all([first.initialize(), second.initialize()])
  const until = s.as.refreshRequests() + 3
  let failed = 0
  while (s.as.refreshRequests() < until) {
    const calls = [first, second, first, second].map((one) => one.request('tools/call', listNotes))
    for (const { error } of await Promise.all(calls)) failed += error === undefined ? 0 : 1
  }
  expect(failed).toBe(0)
  // A proxy ends after the refresh that it makes ahead of time.
  await Promise.all([first.end(), second.end()])
  expect(s.as.count('token', 'refreshed')).toBe(s.as.refreshRequests())
  expect(s.as.isGrantAlive()).toBe(true)
  expect(s.as.count('authorize')).toBe(1)
})

test('proxy: says what happened when the home cannot be used, for each request', async () => {
  await using s = await scene()
  await using proxy = startProxy([s.url], { ...s.env, EVERGRANT_HOME: '/dev/null/home' })
  const { error } = await proxy.initialize()
  expect(error?.message).toContain('EVERGRANT_HOME')
  expect(await proxy.end()).toBe(0)
})

test(
  'proxy: writes no credential to stderr or into its own errors',
  { tags: ['C-06'] },
  async () => {
    await using s = await scene({ accessTokenLifetimeSeconds: 1 })
    await using echo = await scriptedMcp(({ headers }, response) => {
      response.writeHead(500).end(`you sent ${headers['authorization']}`)
    })
    await using guarded = await startProtectedServer(s.as)
    const canaries = createCanaries()
    const printed: string[] = []
    for (const [url, env] of [
      [s.url, {}],
      [guarded.resource, {}],
      [echo.url, { KEY: 'Bearer header-canary-1234567890' }],
    ] as const) {
      const header = 'KEY' in env ? ['--header', 'Authorization: ${KEY}'] : []
      await using proxy = startProxy(
        [url, '--headless', '--debug', '--sign-in-wait', '60', ...header],
        { ...s.env, ...env },
      )
      await callNotes(proxy)
      await proxy.end()
      printed.push(proxy.stderr(), JSON.stringify(proxy.received))
    }
    for (const token of s.as.liveRefreshTokens()) canaries.watch('refresh token', token)
    for (const token of guarded.acceptedTokens) canaries.watch('access token', token)
    canaries.watch('header', 'header-canary-1234567890')
    canaries.expectNoCanary(printed)
    expect(printed.filter((text) => /eyJ[\w-]+\.eyJ[\w-]+\./.test(text))).toEqual([])
  },
)
