import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { scene } from '../support/signed-in-session.ts'

test(
  'step-up: requests the union, keeps offline_access and the refresh token, and repeats the call',
  { tags: ['C-08', 'C-22', 'C-24'] },
  async () => {
    await using it = await scene({ server: { scopeByPath: { '/mcp/write': 'mcp:write' } } })
    const session = it.session()
    const fetch = authorizedFetch(session)
    expect((await fetch(it.server.resource)).status).toBe(200)
    const response = await fetch(`${it.server.resource}/write`, { method: 'POST', body: '{}' })
    expect(response.status).toBe(200)
    const scopes = it.as.requests
      .filter(({ endpoint }) => endpoint === 'authorize')
      .map(({ query }) => query['scope'])
    const union = 'mcp:read offline_access mcp:write'
    // The check of the stored client requests it, too.
    expect(scopes).toEqual(['mcp:read offline_access', union, union])
    expect(await session.status()).toMatchObject({ state: 'active', hasRefreshToken: true })
    expect(it.signIns()).toBe(2)
    expect(it.as.refreshRequests()).toBe(0)
  },
)

test('step-up: ends after a few attempts with an error', { tags: ['C-23'] }, async () => {
  await using it = await scene({
    as: { scopesSupported: ['mcp:read', 'offline_access'] },
    server: { scopeByPath: { '/mcp/admin': 'mcp:admin' } },
  })
  const fetch = authorizedFetch(it.session())
  await fetch(it.server.resource)
  await expect(fetch(`${it.server.resource}/admin`)).rejects.toMatchObject({
    code: 'RESOURCE_REFUSED',
  })
  expect(it.signIns()).toBeLessThanOrEqual(3)
})

test('step-up: many concurrent callers need one sign-in', { tags: ['C-23', 'C-51'] }, async () => {
  await using it = await scene({ server: { scopeByPath: { '/mcp/write': 'mcp:write' } } })
  const fetches = [authorizedFetch(it.session()), authorizedFetch(it.session())]
  await fetches[0]?.(it.server.resource)
  const responses = await Promise.all(
    fetches.flatMap((fetch) =>
      Array.from({ length: 8 }, () => fetch(`${it.server.resource}/write`)),
    ),
  )
  expect(responses.map((response) => response.status)).toEqual(Array(16).fill(200))
  expect(it.signIns()).toBe(2)
})

test(
  'step-up: without a sign-in method, the error contains the reason and the required scope',
  { tags: ['C-21', 'C-23', 'C-24'] },
  async () => {
    await using it = await scene({ server: { scopeByPath: { '/mcp/write': 'mcp:write' } } })
    await it.session().signIn()
    const fetch = authorizedFetch(it.session({ signIn: { kind: 'none' } }))
    expect((await fetch(it.server.resource)).status).toBe(200)
    await expect(fetch(`${it.server.resource}/write`)).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      signInReason: 'wider-scope-needed',
      requiredScope: 'mcp:write',
    })
    expect(it.as.refreshRequests()).toBe(0)
    expect(it.signIns()).toBe(1)
  },
)

test.each([
  ['names no scope', 'no refresh', 'Bearer error="insufficient_scope"'],
  [
    'names a scope that was granted',
    'one refresh',
    'Bearer error="insufficient_scope", scope="mcp:read"',
  ],
])(
  'step-up: a resource that refuses a usable token and %s causes sign-ins and %s',
  { tags: ['C-22', 'C-23', 'C-24'] },
  async (_what, refreshes, challenge) => {
    await using it = await scene()
    await it.session().signIn()
    const refusing: typeof globalThis.fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (response.status !== 200) return response
      await response.body?.cancel()
      return new Response('', { status: 403, headers: { 'www-authenticate': challenge } })
    }
    const send = authorizedFetch(it.session(), { fetch: refusing, maximumStepUps: 2 })
    await expect(send(it.server.resource)).rejects.toMatchObject({ code: 'RESOURCE_REFUSED' })
    expect(it.signIns()).toBeLessThanOrEqual(3)
    expect(it.as.refreshRequests()).toBe(refreshes === 'one refresh' ? 1 : 0)
  },
)
