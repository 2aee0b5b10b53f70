import type { Session } from '@evergrant/client'
import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import { createResourceServer } from '@evergrant/resource-server'
import type { AccessDecision, DpopOptions } from '@evergrant/resource-server'
import { protect } from '@evergrant/resource-server/fetch'
import { startFetchServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'

/** A resource that accepts only tokens that are bound to a key, with every decision. */
async function startBoundResource(issuer: string, dpop: DpopOptions) {
  const decisions: AccessDecision[] = []
  let serve: (request: Request) => Promise<Response> = async () =>
    await Promise.resolve(new Response(null, { status: 500 }))
  const server = await startFetchServer((request) => serve(request))
  const resource = `${server.url}/mcp`
  const resourceServer = createResourceServer(resource, [issuer], {
    scopesSupported: ['mcp:read'],
    dpop: { isRequired: true, ...dpop },
  })
  serve = protect(resourceServer, () => new Response('done'), {
    observe: (decision) => decisions.push(decision),
  })
  return { resource, decisions, [Symbol.asyncDispose]: () => server.close() }
}

test(
  'dpop: tokens stay bound to one key across refreshes and processes, and a nonce causes one retry',
  { tags: ['A-05', 'C-52', 'S-12'] },
  async () => {
    const authorizationServer = await startAuthorizationServer({ demo: true })
    await using resource = await startBoundResource(authorizationServer.issuer, { nonce: 'always' })
    const store = memoryStore()
    function session(): Session {
      return createSession(resource.resource, {
        store,
        client: { name: 'bound client' },
        signIn: headlessSignIn(),
      })
    }
    const first = session()
    expect((await authorizedFetch(first)(resource.resource, { method: 'POST' })).status).toBe(200)
    const { tokenType, value } = await first.getAccessToken()
    expect(tokenType).toBe('DPoP')

    const later = session()
    await later.getAccessToken({ rejectedAccessToken: value })
    expect((await authorizedFetch(later)(resource.resource, { method: 'POST' })).status).toBe(200)
    expect(authorizationServer.stats()).toMatchObject({
      signIns: 1,
      tokenRequests: { refresh_token: { success: 1 } },
    })
    expect(resource.decisions.map((decision) => decision.reason)).toEqual([
      'no-credentials',
      'dpop-nonce-required',
      'scope-sufficient',
      'dpop-nonce-required',
      'scope-sufficient',
    ])
    const accepted = resource.decisions.flatMap((decision) => (decision.allowed ? [decision] : []))
    expect(new Set(accepted.map(({ token }) => token.claims['jti'])).size).toBe(2)
    expect(new Set(accepted.map(({ token }) => token.keyThumbprint)).size).toBe(1)
    await authorizationServer.close()
  },
)

test('dpop: a token without its key is refused', { tags: ['A-05', 'S-12'] }, async () => {
  const authorizationServer = await startAuthorizationServer({ demo: true })
  await using resource = await startBoundResource(authorizationServer.issuer, {})
  const session = createSession(resource.resource, {
    store: memoryStore(),
    client: { name: 'bound client' },
    signIn: headlessSignIn(),
  })
  expect((await authorizedFetch(session)(resource.resource)).status).toBe(200)
  const { value } = await session.getAccessToken()
  for (const scheme of ['Bearer', 'DPoP']) {
    const headers = { authorization: `${scheme} ${value}` }
    expect((await fetch(resource.resource, { headers })).status).toBe(401)
  }
  expect(resource.decisions.map((decision) => decision.reason).slice(-2)).toEqual([
    'token-sender-constrained',
    'dpop-proof-missing',
  ])
  await authorizationServer.close()
})

test(
  'dpop: the notes server accepts bound tokens only, and the client binds its tokens',
  { tags: ['A-05', 'C-52', 'S-12'] },
  async () => {
    const authorizationServer = await startAuthorizationServer({ demo: true })
    await using server = await startMcpServer({
      authorizationServer: authorizationServer.issuer,
      dpop: { isRequired: true, nonce: 'always' },
    })
    const session = createSession(server.url, {
      store: memoryStore(),
      client: { name: 'bound client' },
      signIn: headlessSignIn(),
    })
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'notes_list' } }
    const call = async (): Promise<Response> =>
      await authorizedFetch(session)(server.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2025-11-25',
        },
        body: JSON.stringify(message),
      })
    expect([(await call()).status, (await call()).status]).toEqual([200, 200])
    expect((await session.getAccessToken()).tokenType).toBe('DPoP')
    expect(server.stats().refusals).toEqual({ 'no-credentials': 1, 'dpop-nonce-required': 1 })
    await authorizationServer.close()
  },
)
