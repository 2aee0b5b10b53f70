import { startFetchServer } from '@evergrant/test-kit'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** The signature algorithms that are measured. */
export type Algorithm = 'ES256' | 'RS256'

/** What a server under test needs to know. */
export interface Trust {
  readonly issuer: string
  readonly resource: string
  readonly algorithm: Algorithm
}

/** An authorization server that publishes one key and signs access tokens with it. */
export interface TokenIssuer extends AsyncDisposable {
  readonly trust: Trust
  /** Signs distinct access tokens (RFC 9068). */
  readonly sign: (count: number) => Promise<readonly string[]>
}

export const requiredScope = 'mcp:read'

/** Starts an issuer on loopback. */
export async function startIssuer(algorithm: Algorithm): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm)
  const kid = 'key-1'
  const keys = [{ ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' }]
  const documents = new Map<string, unknown>([['/jwks', { keys }]])
  const server = await startFetchServer((request) => {
    const document = documents.get(new URL(request.url).pathname)
    return Promise.resolve(
      document === undefined ? new Response(null, { status: 404 }) : Response.json(document),
    )
  })
  const issuer = server.url
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [algorithm],
  }
  documents.set('/.well-known/oauth-authorization-server', metadata)
  documents.set('/.well-known/openid-configuration', metadata)
  const resource = 'https://mcp.example.com/mcp'
  let signed = 0

  async function signOne(): Promise<string> {
    signed += 1
    const now = Math.floor(Date.now() / 1000)
    return await new SignJWT({
      iss: issuer,
      sub: `user-${signed}`,
      aud: resource,
      client_id: 'https://client.example.com/metadata.json',
      scope: `${requiredScope} mcp:write`,
      jti: `token-${signed}`,
      iat: now,
      exp: now + 3600,
    })
      .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid })
      .sign(privateKey)
  }

  return {
    trust: { issuer, resource, algorithm },
    sign: (count) => Promise.all(Array.from({ length: count }, signOne)),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
