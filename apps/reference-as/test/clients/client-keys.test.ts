import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import {
  answerOf,
  authorizationRequest,
  post,
  redirectUri,
  register,
  resource,
  startServer,
  temporaryFolder,
} from '../support.ts'

const jwksUri = 'https://client.example/keys'

async function keyHost() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  // A certificate chain, which is longer than 5 KB.
  const key = {
    ...(await exportJWK(publicKey)),
    alg: 'ES256',
    use: 'sig',
    x5c: ['x'.repeat(20_000)],
  }
  const host = { answer: (): Response => Response.json({ keys: [key] }) }
  const urls: string[] = []
  return {
    host,
    urls,
    fetch: async (url: string | URL): Promise<Response> => {
      urls.push(String(url))
      return host.answer()
    },
    async assertion(clientId: string, issuer: string): Promise<Record<string, string>> {
      const jwt = await new SignJWT()
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(issuer)
        .setJti(crypto.randomUUID())
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(privateKey)
      return {
        client_id: clientId,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: jwt,
      }
    },
  }
}

test(
  'client keys: a client keeps its grant while its key host is down, also after a restart',
  { tags: ['A-09', 'A-11'] },
  async () => {
    using folder = temporaryFolder()
    const keys = await keyHost()
    const options = { databasePath: folder.file('as.db'), fetch: keys.fetch }
    const before = await startServer(options)
    const client = await register(before, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: jwksUri,
    })
    const authorization = await authorizationRequest(before, client)
    const answer = await answerOf(authorization)
    const { status, body } = await post(before, '/token', {
      ...(await keys.assertion(client.client_id, before.issuer)),
      grant_type: 'authorization_code',
      code: answer.searchParams.get('code') ?? '',
      code_verifier: authorization.verifier,
      redirect_uri: redirectUri,
      resource,
    })
    expect([status, body['error_description']]).toEqual([200, undefined])
    await before.close()

    keys.host.answer = () => new Response('', { status: 503 })
    await using after = await startServer(options)
    const refresh = async () =>
      await post(after, '/token', {
        ...(await keys.assertion(client.client_id, after.issuer)),
        grant_type: 'refresh_token',
        refresh_token: String(body['refresh_token']),
      })
    expect((await refresh()).status).toBe(200)
    expect(after.logs).toContainEqual(
      expect.objectContaining({ event: 'client_document.copy-used', url: jwksUri }),
    )
  },
)

test(
  'client keys: while they cannot be fetched, the answer is not invalid_client',
  { tags: ['A-09'] },
  async () => {
    const keys = await keyHost()
    keys.host.answer = () => new Response('', { status: 503 })
    await using server = await startServer({ fetch: keys.fetch })
    const client = await register(server, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: jwksUri,
    })
    const form = {
      ...(await keys.assertion(client.client_id, server.issuer)),
      grant_type: 'refresh_token',
      refresh_token: 'any',
    }
    const response = await fetch(new URL('/token', server.issuer), {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('10')
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
  },
)
