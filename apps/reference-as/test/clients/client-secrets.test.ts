import { describe, expect, test } from 'vitest'
import { databases } from '../databases.ts'
import { redirectUri, register, resource, startServer } from '../support.ts'
import type { AuthorizationServerOptions } from '../../src/index.ts'

/** The answer of the token endpoint to a client with a secret. */
async function authenticated(
  issuer: string,
  clientId: string,
  secret: string,
  method: 'client_secret_basic' | 'client_secret_post' = 'client_secret_basic',
): Promise<unknown> {
  const inBody = method === 'client_secret_post'
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: inBody
      ? {}
      : {
          authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`)}`,
        },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: 'any',
      ...(inBody ? { client_id: clientId, client_secret: secret } : {}),
    }),
  })
  const { error }: { error?: unknown } = { ...((await response.json()) as object) }
  // The refresh token is unknown. Only an authenticated client gets this answer.
  return error === 'invalid_grant' ? 'yes' : error
}

describe.each(databases.filter(({ available }) => available))('on $name', (kind) => {
  test.each(['client_secret_basic', 'client_secret_post'] as const)(
    'client secrets: stored as hashes that still work, %s',
    { tags: ['C-06', 'A-08'] },
    async (method) => {
      await using database = await kind.open()
      const options = { databasePath: database.location }
      const before = await startServer(options)
      const client = await register(before, { token_endpoint_auth_method: method })
      const { client_id: clientId, client_secret: issued } = client
      const secret = typeof issued === 'string' ? issued : ''
      expect(secret.length).toBeGreaterThan(40)
      expect(await authenticated(before.issuer, clientId, secret, method)).toBe('yes')
      await before.close()
      const content = await database.content()
      expect(content).not.toContain(secret)
      await using after = await startServer(options)
      expect(await authenticated(after.issuer, clientId, secret, method)).toBe('yes')
      // The hash in the database cannot be presented as a secret.
      const stored = /sha256:[\w-]{43}/.exec(content)?.[0] ?? ''
      expect(stored).not.toBe('')
      for (const wrong of [stored, stored.slice(7), `${secret}x`, 'x']) {
        expect(await authenticated(after.issuer, clientId, wrong, method)).toBe('invalid_client')
      }
    },
  )
})

test('client secrets: that of a configured client is not hashed', { tags: ['A-08'] }, async () => {
  const clients: AuthorizationServerOptions['clients'] = [
    {
      client_id: 'known',
      client_secret: 'chosen by an operator',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ]
  await using server = await startServer({ clients })
  expect(await authenticated(server.issuer, 'known', 'chosen by an operator')).toBe('yes')
  expect(await authenticated(server.issuer, 'known', 'guessed')).toBe('invalid_client')
})

test.each([
  ['an assertion signed with the secret', { token_endpoint_auth_method: 'client_secret_jwt' }],
  ['ID tokens signed with the secret', { id_token_signed_response_alg: 'HS256' }],
])('client secrets: %s is refused', { tags: ['A-08'] }, async (_, metadata) => {
  await using server = await startServer({ demo: false, resources: [resource] })
  const response = await fetch(`${server.issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'client_secret_basic',
      ...metadata,
    }),
  })
  expect(response.status).toBe(400)
})
