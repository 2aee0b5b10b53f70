import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

/** The MCP server at `url`, as it is after the move: it accepts only tokens of this issuer. */
function movedServer(
  it: Scene,
  now: { readonly issuer: string; readonly resource: string },
): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    if (request.url === it.server.metadataUrl) {
      return Response.json({
        resource: now.resource,
        authorization_servers: [now.issuer],
        scopes_supported: ['mcp:read'],
      })
    }
    if (request.url !== it.server.resource) return await fetch(request)
    const token = request.headers.get('authorization')?.replace('Bearer ', '')
    const [, payload = ''] = (token ?? '').split('.')
    const claims: { iss?: string; aud?: string } =
      payload === '' ? {} : JSON.parse(Buffer.from(payload, 'base64url').toString())
    return claims.iss === now.issuer && claims.aud === now.resource
      ? Response.json({ ok: true })
      : Response.json(
          { error: 'invalid_token' },
          {
            status: 401,
            headers: {
              'www-authenticate': `Bearer error="invalid_token", resource_metadata="${it.server.metadataUrl}"`,
            },
          },
        )
  }
}

async function movedToB(): Promise<{
  readonly it: Scene
  readonly b: ScriptedAuthorizationServer
  readonly fetch: typeof globalThis.fetch
  [Symbol.asyncDispose](): Promise<void>
}> {
  const it = await scene()
  const b = await startScriptedAuthorizationServer({
    clock: it.clock,
    accessTokenLifetimeSeconds: 1000,
  })
  await it.session().signIn()
  const moved = movedServer(it, { issuer: b.issuer, resource: it.server.resource })
  return {
    it,
    b,
    fetch: moved,
    async [Symbol.asyncDispose]() {
      await b.close()
      await it[Symbol.asyncDispose]()
    },
  }
}

test(
  'moved server: another authorization server in the metadata leads to one sign-in there',
  { tags: ['C-39', 'C-42'] },
  async () => {
    await using moved = await movedToB()
    const { it, b } = moved
    const call = authorizedFetch(it.session({ fetch: moved.fetch }), moved)
    for (let count = 0; count < 3; count += 1) {
      expect((await call(it.server.resource)).status).toBe(200)
    }
    expect(it.signIns()).toBe(2)
    expect(b.count('token', 'issued')).toBe(1)
    // The former server refreshes, but the MCP server does not accept its tokens.
    expect(it.as.refreshRequests()).toBe(0)
  },
)

test(
  'moved server: without a sign-in method, the error has the reason and names both servers',
  { tags: ['C-42'] },
  async () => {
    await using moved = await movedToB()
    const { it, b } = moved
    const session = it.session({ fetch: moved.fetch, signIn: { kind: 'none' } })
    await expect(authorizedFetch(session, moved)(it.server.resource)).rejects.toMatchObject({
      signInReason: 'authorization-server-changed',
    })
    expect(b.requests).toEqual([])
  },
)

test.each([
  ['is shut down', (it: Scene) => it.as.close()],
  ['forgot the grant', (it: Scene) => Promise.resolve(it.as.revokeGrant())],
])(
  'moved server: if the former authorization server %s, the expired token leads to a sign-in at the new one',
  { tags: ['C-42', 'C-59'] },
  async (_, end) => {
    await using moved = await movedToB()
    const { it, b } = moved
    await end(it)
    it.clock.advanceSeconds(1000)
    const refresh = { maximumWaitSeconds: 0 }
    const session = it.session({ fetch: moved.fetch, refresh })
    await expect(session.getAccessToken()).rejects.toMatchObject({
      signInReason: 'authorization-server-changed',
      message: expect.stringContaining(b.issuer),
    })
    expect((await authorizedFetch(session, moved)(it.server.resource)).status).toBe(200)
    expect(it.signIns()).toBe(2)
    expect(b.count('token', 'issued')).toBe(1)
  },
)

test(
  'moved server: five sessions over one store share the sign-in at the new authorization server',
  { tags: ['C-42', 'C-51'] },
  async () => {
    await using moved = await movedToB()
    const { it } = moved
    const fetches = Array.from({ length: 5 }, () =>
      authorizedFetch(it.session({ fetch: moved.fetch }), moved),
    )
    const responses = await Promise.all(fetches.map((call) => call(it.server.resource)))
    expect(responses.map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect(it.signIns()).toBe(2)
  },
)

/** A scene whose sign-in was for the origin, and whose metadata now names the path. */
async function narrowedScene(): Promise<{ readonly it: Scene; readonly fetch: typeof fetch }> {
  const it = await scene()
  const { issuer } = it.as
  const before = movedServer(it, { issuer, resource: it.server.origin })
  await it.session({ fetch: before, acceptedResource: it.server.origin }).signIn()
  return { it, fetch: movedServer(it, { issuer, resource: it.server.resource }) }
}

test(
  'moved server: a resource that changed to a path leads to one sign-in for it after a 401',
  { tags: ['C-34', 'C-42'] },
  async () => {
    const { it, fetch } = await narrowedScene()
    await using _ = it
    const session = it.session({ fetch })
    expect((await session.status()).identity?.resource).toBe(it.server.origin)
    expect((await authorizedFetch(session, { fetch })(it.server.resource)).status).toBe(200)
    expect((await session.status()).identity?.resource).toBe(it.server.resource)
    expect(it.signIns()).toBe(2)
  },
)

test(
  'moved server: a resource that changed leads to one sign-in after invalid_target at the refresh',
  { tags: ['C-34', 'C-42', 'C-59'] },
  async () => {
    const { it, fetch } = await narrowedScene()
    await using _ = it
    it.clock.advanceSeconds(1000)
    it.as.faults.token.push({ kind: 'oauth-error', error: 'invalid_target' })
    const session = it.session({ fetch })
    await expect(session.getAccessToken()).rejects.toMatchObject({
      signInReason: 'resource-changed',
      message: expect.stringContaining(`"${it.server.resource}"`),
    })
    expect((await authorizedFetch(session, { fetch })(it.server.resource)).status).toBe(200)
    expect(it.signIns()).toBe(2)
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  'moved server: an issuer that differs only by the slash of an empty path is no change',
  { tags: ['C-32', 'C-42'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    const slash = movedServer(it, { issuer: `${it.as.issuer}/`, resource: it.server.resource })
    const later = it.session({ fetch: slash })
    expect(await later.checkBinding()).toBeUndefined()
    it.server.rejectToken((await later.getAccessToken()).value)
    expect((await authorizedFetch(later)(it.server.resource)).status).toBe(200)
    expect(it.signIns()).toBe(1)
  },
)

test('moved server: metadata that cannot be read shows no change', { tags: ['C-42'] }, async () => {
  await using it = await scene()
  const session = it.session()
  await session.signIn()
  it.server.rejectToken((await session.getAccessToken()).value)
  it.server.faults.metadata.push({ kind: 'status', status: 503 })
  expect((await authorizedFetch(session)(it.server.resource)).status).toBe(200)
  expect(it.signIns()).toBe(1)
  expect(it.as.refreshRequests()).toBe(1)
})

test(
  'moved server: a sign-in without a reason is not skipped for tokens of the former server',
  { tags: ['C-42'] },
  async () => {
    await using moved = await movedToB()
    const { it, b } = moved
    const session = it.session({ fetch: moved.fetch })
    expect(await session.signIn()).toMatchObject({
      outcome: 'signed-in',
      identity: { issuer: b.issuer },
    })
    expect(await session.signIn()).toMatchObject({ outcome: 'adopted' })
    expect(it.signIns()).toBe(2)
  },
)

test(
  'moved server: in the redirect form, an unfinished sign-in at the former server is not continued',
  { tags: ['C-42'] },
  async () => {
    await using moved = await movedToB()
    const { it, b } = moved
    const signIn = { kind: 'redirect', redirectUri: 'https://gateway.test/callback' } as const
    const before = it.session({ signIn })
    await expect(before.signIn({ force: true })).rejects.toMatchObject({
      authorizationUrl: expect.stringContaining(it.as.issuer),
    })
    const after = it.session({ signIn, fetch: moved.fetch })
    const call = authorizedFetch(after, moved)(it.server.resource)
    await expect(call).rejects.toMatchObject({
      signInReason: 'authorization-server-changed',
      authorizationUrl: expect.stringContaining(b.issuer),
    })
  },
)
