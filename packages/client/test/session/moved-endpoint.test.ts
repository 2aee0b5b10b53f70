import { expect, test } from 'vitest'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

/** A signed-in session whose access token has expired. */
async function expiredScene(): Promise<Scene> {
  const it = await scene()
  await it.session().signIn()
  it.clock.advanceSeconds(1000)
  return it
}

test(
  'moved token endpoint: is found in the metadata at once, and later sessions know it',
  { tags: ['C-31', 'C-53'] },
  async () => {
    await using it = await expiredScene()
    it.as.moveTokenEndpoint('/oauth/v2/token')
    const asked = it.as.count('metadata')
    await it.session().getAccessToken()
    expect(it.as.count('metadata')).toBe(asked + 1)
    it.clock.advanceSeconds(1000)
    await it.session().getAccessToken()
    expect(it.as.count('metadata')).toBe(asked + 1)
    expect(it.as.count('token', 'refreshed')).toBe(2)
    expect(it.signIns()).toBe(1)
  },
)

test.each([
  { kind: 'status', status: 410 },
  { kind: 'html', status: 404 },
  { kind: 'status', status: 404, body: '{"status":404,"error":"Not Found"}' },
  { kind: 'redirect', location: 'https://elsewhere.test/token', status: 308 },
] as const)(
  'moved token endpoint: is searched after %o',
  { tags: ['C-31', 'C-53'] },
  async (fault) => {
    await using it = await expiredScene()
    it.as.faults.token.push(
      fault.kind === 'status' && 'body' in fault
        ? { ...fault, headers: { 'content-type': 'application/json' } }
        : fault,
    )
    it.as.overrideMetadata({ token_endpoint: `${it.as.issuer}/token?version=2` })
    await it.session().getAccessToken()
    const last = it.as.requests.findLast(({ endpoint }) => endpoint === 'token')
    expect(last).toMatchObject({ query: { version: '2' }, outcome: 'refreshed' })
    expect(it.signIns()).toBe(1)
  },
)

test('moved token endpoint: is not searched after a 503', { tags: ['C-53'] }, async () => {
  await using it = await expiredScene()
  const asked = it.as.count('metadata')
  it.as.faults.token.push({ kind: 'status', status: 503 })
  await expect(
    it.session({ refresh: { maximumWaitSeconds: 0 } }).getAccessToken(),
  ).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
  expect(it.as.count('metadata')).toBe(asked)
})

test.each([
  ['names another issuer', { issuer: 'https://other.test', token_endpoint: '/elsewhere' }],
  ['still names the old one', {}],
])(
  'moved token endpoint: is not taken from metadata that %s',
  { tags: ['C-32', 'C-53'] },
  async (_, members) => {
    await using it = await expiredScene()
    it.as.overrideMetadata(members)
    it.as.faults.token.push({ kind: 'status', status: 404 })
    const session = it.session({ refresh: { maximumWaitSeconds: 0 } })
    await expect(session.getAccessToken()).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })
    expect(it.as.refreshRequests()).toBe(1)
    expect(await session.status()).toMatchObject({ state: 'active', refreshPending: false })
  },
)

test(
  'moved token endpoint: the search is repeated while the metadata cannot be read',
  { tags: ['C-53'] },
  async () => {
    await using it = await expiredScene()
    it.as.moveTokenEndpoint('/oauth/v2/token')
    it.as.faults.metadata.push({ kind: 'status', status: 503 })
    const session = it.session({ refresh: { maximumWaitSeconds: 0 } })
    await expect(session.getAccessToken()).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })
    it.clock.advanceSeconds(60)
    await session.getAccessToken()
    expect(it.as.count('token', 'refreshed')).toBe(1)
  },
)

test(
  'moved token endpoint: is found if its host name no longer exists',
  { tags: ['C-31', 'C-53'] },
  async () => {
    await using it = await scene()
    it.as.overrideMetadata({ token_endpoint: 'https://old.invalid/token' })
    const old = 'https://old.invalid/token'
    // The sign-in reaches the server as if the name still existed.
    const beforeTheMove: typeof fetch = (input, init) =>
      fetch(input === old ? `${it.as.issuer}/token` : input, init)
    await it.session({ fetch: beforeTheMove }).signIn()
    it.clock.advanceSeconds(1000)
    it.as.overrideMetadata({ token_endpoint: `${it.as.issuer}/token` })
    const session = it.session({
      // The error of a resolver for an unknown name. Real networks answer differently.
      fetch: (input, init) =>
        input === old
          ? Promise.reject(
              new TypeError('fetch failed', {
                cause: Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }),
              }),
            )
          : fetch(input, init),
    })
    await session.getAccessToken()
    expect(it.as.count('token', 'refreshed')).toBe(1)
    expect(await session.status()).toMatchObject({ refreshPending: false })
  },
)

test.each([307, 308])(
  'redirected token endpoint: a %i within the origin is followed with method and body',
  { tags: ['C-53'] },
  async (status) => {
    await using it = await expiredScene()
    it.as.faults.token.push({ kind: 'redirect', status, location: '/token?version=2' })
    await it.session().getAccessToken()
    const last = it.as.requests.findLast(({ endpoint }) => endpoint === 'token')
    expect(last).toMatchObject({
      method: 'POST',
      query: { version: '2' },
      form: { grant_type: 'refresh_token' },
      outcome: 'refreshed',
    })
    expect(it.signIns()).toBe(1)
  },
)

test.each([
  [308, 'https://elsewhere.test/token?secret=1', '"https://elsewhere.test/token"'],
  [302, '/token?version=2', '"/token"'],
])(
  'redirected token endpoint: a %i to %s is not followed, and the error names the target',
  { tags: ['C-39', 'C-53'] },
  async (status, location, shown) => {
    await using it = await expiredScene()
    it.as.faults.token.push({ kind: 'redirect', status, location })
    const session = it.session({ refresh: { maximumWaitSeconds: 0 } })
    await expect(session.getAccessToken()).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
      message: expect.stringContaining(`(status ${status}) to ${shown}`),
    })
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  'redirected token endpoint: redirects that do not end are reported',
  { tags: ['C-53'] },
  async () => {
    await using it = await expiredScene()
    const loop = { kind: 'redirect', status: 307, location: '/token' } as const
    it.as.faults.token.push(loop, loop, loop, loop)
    const session = it.session({ refresh: { maximumWaitSeconds: 0 } })
    await expect(session.getAccessToken()).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
      message: expect.stringContaining('redirect (status 307) to "/token"'),
    })
    expect(it.as.refreshRequests()).toBe(4)
  },
)
