import { ProtocolError } from '@evergrant/core'
import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { createSession } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { scene } from '../support/signed-in-session.ts'

test(
  'session: many expiries, callers and sessions need one sign-in and one refresh for each expiry',
  { tags: ['C-01', 'C-02', 'C-51', 'C-55'] },
  async () => {
    await using it = await scene()
    const fetches = Array.from({ length: 4 }, () => authorizedFetch(it.session()))
    for (let expiry = 0; expiry <= 10; expiry += 1) {
      const responses = await Promise.all(
        fetches.flatMap((fetch) => Array.from({ length: 8 }, () => fetch(it.server.resource))),
      )
      expect(responses.map((response) => response.status)).toEqual(Array(32).fill(200))
      expect(it.signIns()).toBe(1)
      expect(it.as.refreshRequests()).toBe(expiry)
      it.clock.advanceSeconds(1000)
    }
    const register = it.as.requests.find(({ endpoint }) => endpoint === 'register')
    expect(register?.json).toMatchObject({
      grant_types: expect.arrayContaining(['refresh_token']),
      application_type: 'native',
    })
    const authorize = it.as.requests.find(({ endpoint }) => endpoint === 'authorize')
    expect(authorize?.query['scope']).toBe('mcp:read offline_access')
  },
)

test(
  'session: the first call has no token, and the challenge decides the requested scope',
  { tags: ['C-20', 'C-21', 'C-34', 'C-36'] },
  async () => {
    await using it = await scene({ server: { scopeByPath: { '/mcp': 'mcp:write' } } })
    const response = await authorizedFetch(it.session())(it.server.resource)
    expect(response.status).toBe(200)
    const authorize = it.as.requests.find(({ endpoint }) => endpoint === 'authorize')
    expect(authorize?.query).toMatchObject({
      scope: 'mcp:write offline_access',
      resource: it.server.resource,
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^.{40,}$/),
    })
    const token = it.as.requests.find(({ endpoint }) => endpoint === 'token')
    expect(token?.form).toMatchObject({ resource: it.server.resource })
    expect(token?.form['scope']).toBeUndefined()
  },
)

test(
  'sign-in: does not request offline_access if the server does not list it, even if the resource does',
  { tags: ['C-04', 'C-05'] },
  async () => {
    await using it = await scene({
      as: { scopesSupported: ['mcp:read'], issueRefreshTokens: 'never' },
      server: { scopesSupported: ['mcp:read', 'offline_access'] },
    })
    const session = it.session()
    const result = await session.signIn()
    expect(result).toMatchObject({ refreshToken: 'not-issued', scope: 'mcp:read' })
    expect(result.decision?.warnings).toContainEqual(
      expect.objectContaining({ requirement: 'S-02' }),
    )
    expect(result.noRefreshTokenReason).toContain('does not list offline_access')
    it.clock.advanceSeconds(1000)
    await expect(session.getAccessToken()).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      signInReason: 'no-refresh-token',
      message: expect.stringContaining('does not list offline_access'),
    })
  },
)

test(
  'sign-in: repeats the request without offline_access if the server refuses it',
  { tags: ['C-05'] },
  async () => {
    await using it = await scene()
    // The page, and the check of a client that is registered with the requested scope.
    const refusal = { kind: 'oauth-error', error: 'invalid_scope' } as const
    it.as.faults.authorize.push(refusal, refusal)
    const result = await it.session().signIn()
    expect(result.outcome).toBe('signed-in')
    expect(result.fallbacks?.map(({ fallback }) => fallback)).toEqual([
      'register-with-scope',
      'without-offline-access',
    ])
    const pages = it.as.requests.filter(({ endpoint }) => endpoint === 'authorize')
    expect(pages[0]?.query['scope']).toBe('mcp:read offline_access')
    expect(pages.at(-1)?.query['scope']).toBe('mcp:read')
    expect(it.signIns()).toBe(2)
  },
)

test.each([
  ['garbage', '=;,,"\\'],
  ['nothing', ''],
  ['another scheme alone', 'Basic realm="intranet"'],
  ['a quote that never ends', 'Bearer scope="mcp:read'],
  ['metadata on a web page that is not one', 'Bearer resource_metadata="not a url"'],
])(
  'sign-in: uses the well-known metadata if a 401 has %s as its challenge',
  { tags: ['C-30', 'C-20'] },
  async (_what, unauthorizedChallenge) => {
    await using it = await scene({ server: { unauthorizedChallenge } })
    const response = await authorizedFetch(it.session())(it.server.resource)
    expect(response.status).toBe(200)
    expect(it.signIns()).toBe(1)
  },
)

test(
  'sign-in: revokes the tokens if they cannot be saved, and says what to do',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene()
    let full = false
    const session = it.session({
      store: {
        ...it.store,
        write: (name, ...rest) =>
          full && name.kind === 'grant'
            ? Promise.reject(new Error('ENOSPC'))
            : it.store.write(name, ...rest),
      },
      clock: { ...it.clock, sleep: async () => undefined },
    })
    full = true
    await expect(session.signIn()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
      message: expect.stringContaining('sign in again'),
    })
    expect(it.as.isGrantAlive()).toBe(false)
    full = false
    await session.signIn()
    expect((await session.status()).state).toBe('active')
  },
)

test.each(['http://mcp.test/mcp', 'http://10.0.0.1/mcp', 'ws://mcp.test/mcp'])(
  'session: refuses the URL %s, which would expose tokens',
  { tags: ['C-06'] },
  (url) => {
    const options = { store: memoryStore(), client: { name: 'A client' } }
    expect(() => createSession(url, options)).toThrow(ProtocolError)
  },
)

test('sign-in: fails before the page opens if the store cannot be written', async () => {
  await using it = await scene()
  const write = () => Promise.reject(new Error('EROFS'))
  const session = it.session({ store: { ...it.store, write } })
  await expect(session.signIn()).rejects.toMatchObject({ code: 'TOKEN_STORE_WRITE_FAILED' })
  expect(it.signIns()).toBe(0)
})

test('sign-in: opens the page with `force`, even if a usable grant is stored', async () => {
  await using it = await scene()
  const session = it.session()
  await session.signIn()
  const challenge = { scheme: 'Bearer', scope: ['mcp:read'] } as const
  expect(await session.signIn({ challenge })).toMatchObject({ outcome: 'adopted' })
  expect(await session.signIn({ challenge, force: true })).toMatchObject({ outcome: 'signed-in' })
  expect(it.signIns()).toBe(2)
})

test.each(['files:"read"', 'files:read caf\u00e9', String.raw`a\b`])(
  'session: refuses the additional scope %j instead of dropping a part of it',
  { tags: ['C-20'] },
  (additionalScope) => {
    const open = () =>
      createSession('https://mcp.example/mcp', {
        store: memoryStore(),
        client: { name: 'Example' },
        preferences: { additionalScope },
      })
    expect(open).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
    expect(open).toThrow('preferences.additionalScope')
  },
)
