import type { Fault } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { headlessSignIn } from '../../src/headless.ts'
import type { SignIn } from '../../src/index.ts'
import type { RecordStore } from '../../src/stores/store.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

const redirect = { kind: 'redirect', redirectUri: 'https://app.test/callback' } as const

/** Token responses that name this scope, whatever was requested. */
function grantedAs(scope: string): Fault[] {
  return Array.from({ length: 40 }, () => ({ kind: 'merge', fields: { scope } }))
}

/** Calls of ten sessions over one store, each with several callers, like those of one process each. */
async function callFromTenSessions(
  it: Scene,
  url: string = it.server.resource,
): Promise<readonly PromiseSettledResult<Response>[]> {
  const fetches = Array.from({ length: 10 }, () => authorizedFetch(it.session()))
  return await Promise.allSettled(fetches.flatMap((fetch) => [fetch(url), fetch(url)]))
}

function statusesOf(results: readonly PromiseSettledResult<Response>[]): readonly unknown[] {
  return results.map((result) =>
    result.status === 'fulfilled' ? result.value.status : String(result.reason),
  )
}

const allSucceed = Array(20).fill(200)

test.each([
  ['repeats the requested scope', 'mcp:read mcp:write offline_access'],
  ['separates the scope with commas', 'mcp:read,mcp:write'],
  ['uses another name for one scope', 'mcp:read https://host.test/auth/write'],
  ['grants less', 'mcp:read'],
  ['grants nothing that was requested', 'default'],
  ['sends an empty scope', ''],
])(
  'one page: 20 cold callers in 10 sessions need one sign-in if the server %s',
  { tags: ['C-51', 'C-56'] },
  async (_what, scope) => {
    const scopesSupported = ['mcp:read', 'mcp:write']
    await using it = await scene({
      server: { scopesSupported, unauthorizedChallenge: 'Bearer scope="mcp:read mcp:write"' },
    })
    it.as.faults.token.push(...grantedAs(scope))
    expect(statusesOf(await callFromTenSessions(it))).toEqual(allSucceed)
    expect(it.signIns()).toBe(1)
  },
)

test.each([
  ['has no challenge', ''],
  ['has another scheme', 'Basic realm="intranet"'],
  ['names offline_access', 'Bearer scope="mcp:read offline_access openid"'],
])(
  'one page: 20 cold callers in 10 sessions need one sign-in if the 401 %s',
  { tags: ['C-51'] },
  async (_what, unauthorizedChallenge) => {
    await using it = await scene({ server: { unauthorizedChallenge } })
    expect(statusesOf(await callFromTenSessions(it))).toEqual(allSucceed)
    expect(it.signIns()).toBe(1)
  },
)

test(
  'one page: 20 callers with an expired grant without a refresh token need one sign-in',
  { tags: ['C-51'] },
  async () => {
    await using it = await scene({ as: { issueRefreshTokens: 'never' } })
    it.as.faults.token.push(...grantedAs('mcp:read,offline_access'))
    await it.session().signIn()
    it.clock.advanceSeconds(2000)
    expect(statusesOf(await callFromTenSessions(it))).toEqual(allSucceed)
    expect(it.signIns()).toBe(2)
  },
)

test.each([
  ['with commas', 'mcp:read,mcp:write'],
  ['under another name', 'mcp:read https://host.test/auth/write'],
])(
  'one page: a step-up of 20 callers needs one sign-in if the scope is granted %s',
  { tags: ['C-23', 'C-51'] },
  async (_what, scope) => {
    await using it = await scene({ server: { scopeByPath: { '/mcp/write': 'mcp:write' } } })
    await it.session().signIn()
    it.as.faults.token.push(...grantedAs(scope))
    const results = await callFromTenSessions(it, `${it.server.resource}/write`)
    expect(statusesOf(results)).toEqual(allSucceed)
    expect(it.signIns()).toBe(2)
  },
)

test(
  'one page: a step-up that the server never grants costs 20 callers two sign-ins in all',
  { tags: ['C-23', 'C-51'] },
  async () => {
    await using it = await scene({
      as: { scopesSupported: ['mcp:read', 'offline_access'] },
      server: { scopeByPath: { '/mcp/admin': 'mcp:admin' } },
    })
    await it.session().signIn()
    const before = it.signIns()
    const results = await callFromTenSessions(it, `${it.server.resource}/admin`)
    expect(results.map(({ status }) => status)).toEqual(Array(20).fill('rejected'))
    expect(statusesOf(results)).toEqual(
      Array(20).fill(expect.stringContaining('refuses this operation because scope is missing')),
    )
    expect(it.signIns() - before).toBeLessThanOrEqual(2)
  },
)

test.each([
  ['names the scope', 'Bearer scope="mcp:read"'],
  ['names no scope', 'Bearer'],
  [
    'names offline_access, which the server does not list',
    'Bearer scope="mcp:read offline_access"',
  ],
])(
  'one page: 20 callers of the redirect form get one authorization URL if the challenge %s',
  { tags: ['C-51'] },
  async (_what, unauthorizedChallenge) => {
    await using it = await scene({
      as: { scopesSupported: ['mcp:read'] },
      server: { unauthorizedChallenge },
    })
    const fetches = Array.from({ length: 10 }, () =>
      authorizedFetch(it.session({ signIn: redirect })),
    )
    const results = await Promise.allSettled(
      fetches.flatMap((fetch) => [fetch(it.server.resource), fetch(it.server.resource)]),
    )
    const urls = results.map((result) =>
      result.status === 'rejected' ? String(Reflect.get(result.reason, 'authorizationUrl')) : '',
    )
    expect(new Set(urls)).toHaveLength(1)
    it.as.faults.token.push(...grantedAs('mcp:read,mcp:write'))
    const answer = await fetch(urls[0] ?? '', { redirect: 'manual' })
    await it.session({ signIn: redirect }).completeSignIn(answer.headers.get('location') ?? '')
    expect(
      statusesOf(await Promise.allSettled(fetches.map((one) => one(it.server.resource)))),
    ).toEqual(Array(10).fill(200))
    expect(it.as.count('token')).toBe(1)
  },
)

test(
  'sign-in: a usable grant makes a sign-in unnecessary, unless you force one',
  { tags: ['C-51'] },
  async () => {
    await using it = await scene()
    expect((await it.session().signIn()).outcome).toBe('signed-in')
    expect(await it.session().signIn()).toMatchObject({
      outcome: 'adopted',
      refreshToken: 'issued',
      requestedScope: 'mcp:read offline_access',
    })
    expect((await it.session().signIn({ force: true })).outcome).toBe('signed-in')
    expect(it.signIns()).toBe(2)
  },
)

test.each<[string, 'authorize' | 'token', Fault, string]>([
  [
    'the user declines',
    'authorize',
    { kind: 'oauth-error', error: 'access_denied' },
    'SIGN_IN_FAILED',
  ],
  [
    'the server refuses the code',
    'token',
    { kind: 'status', status: 400, body: '{"error":"invalid_target"}' },
    'TOKEN_REQUEST_REFUSED',
  ],
  [
    'the token response cannot be read',
    'token',
    { kind: 'status', status: 200, body: '{"token":"x"}' },
    'TOKEN_RESPONSE_INVALID',
  ],
  ['the token endpoint fails', 'token', { kind: 'status', status: 503 }, 'TEMPORARILY_UNAVAILABLE'],
])(
  'one page: sessions that wait for a sign-in share its failure if %s, and a later call opens a page',
  { tags: ['C-51'] },
  async (_what, endpoint, fault, code) => {
    await using it = await scene()
    it.as.faults[endpoint].push(fault)
    const allWait = Promise.withResolvers<void>()
    let waiting = 0
    const store: RecordStore = {
      ...it.store,
      lock(name, options) {
        waiting += 1
        if (waiting === 10) allWait.resolve()
        return it.store.lock(name, options)
      },
    }
    const headless = headlessSignIn()
    let pages = 0
    const signIn: SignIn = {
      kind: 'interactive',
      async prepare(preferred) {
        pages += 1
        await allWait.promise
        return await headless.prepare(preferred)
      },
    }
    const sessions = Array.from({ length: 10 }, () => it.session({ store, signIn }))
    const results = await Promise.allSettled(sessions.map((session) => session.signIn()))
    expect(results).toMatchObject(sessions.map(() => ({ status: 'rejected', reason: { code } })))
    expect(pages).toBe(1)
    expect(await sessions[0]?.signIn()).toMatchObject({ outcome: 'signed-in' })
    expect(pages).toBe(2)
  },
)
