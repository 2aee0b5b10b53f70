import { startFetchServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { createGuard as denyRevokedTokens } from '../src/deny-tokens.ts'
import { createGuard as acceptOpaqueTokens } from '../src/opaque-tokens.ts'
import { createGuard as acceptProductTokens } from '../src/product-tokens.ts'

const resource = 'https://mcp.example.com/mcp'

test('sample: opaque tokens are introspected', { tags: ['S-12'] }, async () => {
  const server = await startFetchServer(async (request) => {
    const { pathname, origin: issuer } = new URL(request.url)
    if (pathname === '/introspect') {
      const token = new URLSearchParams(await request.text()).get('token')
      return Response.json({ active: token === 'good', sub: 'alice', aud: resource })
    }
    if (pathname !== '/.well-known/oauth-authorization-server') {
      return new Response(null, { status: 404 })
    }
    return Response.json({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      introspection_endpoint: `${issuer}/introspect`,
    })
  })
  const resourceServer = acceptOpaqueTokens(resource, server.url, 'secret')
  const decide = async (token: string) =>
    (await resourceServer.authorize({ authorization: `Bearer ${token}`, url: '/' })).allowed
  expect([await decide('good'), await decide('bad')]).toEqual([true, false])
  await server.close()
})

test('sample: tokens on the deny list are refused', { tags: ['S-12'] }, async () => {
  await using as = await startScriptedAuthorizationServer()
  const denied = new Set<unknown>()
  const has = async (tokenId: unknown) => await Promise.resolve(denied.has(tokenId))
  const resourceServer = denyRevokedTokens(resource, as.issuer, { has })
  const token = await as.signAccessToken({ resource, scope: 'mcp:read', claims: { jti: '7' } })
  const request = { authorization: `Bearer ${token}`, url: '/mcp' }
  expect((await resourceServer.authorize(request)).allowed).toBe(true)
  denied.add('7')
  expect(await resourceServer.authorize(request)).toMatchObject({ reason: 'token-denied' })
})

test(
  'sample: tokens without a type are accepted for a product that has none, and for no other',
  { tags: ['S-17'] },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    const token = await as.signAccessToken({
      scope: 'mcp:read',
      resource,
      header: { typ: undefined },
    })
    const decide = async (product: string) => {
      const guard = acceptProductTokens(resource, as.issuer, product)
      return (await guard.authorize({ authorization: `Bearer ${token}`, url: '/' })).allowed
    }
    expect([await decide('okta'), await decide('cognito'), await decide('other')]).toEqual([
      true,
      true,
      false,
    ])
  },
)
