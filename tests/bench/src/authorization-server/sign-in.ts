import { createHash, randomBytes } from 'node:crypto'

const resource = 'http://127.0.0.1:9/mcp'
const redirectUri = 'http://127.0.0.1:7777/callback'

/** A sign-in of a new client. */
export interface SignIn {
  readonly clientId: string
  readonly refreshToken: string
}

/** Registers a client at a demo server and signs in, with a refresh token. */
export async function signIn(issuer: string): Promise<SignIn> {
  const registration = await jsonOf(`${issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    }),
  })
  const clientId = registration['client_id'] ?? ''
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'mcp:read offline_access',
    resource,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const answer = await fetch(`${issuer}/auth?${query.toString()}`, { redirect: 'manual' })
  const { searchParams } = new URL(answer.headers.get('location') ?? 'about:blank')
  const tokens = await jsonOf(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
      client_id: clientId,
    }),
  })
  const { refresh_token: refreshToken } = tokens
  if (refreshToken === undefined) throw new Error('expected a refresh token')
  return { clientId, refreshToken }
}

async function jsonOf(
  url: string,
  init: RequestInit,
): Promise<Readonly<Record<string, string | undefined>>> {
  return (await (await fetch(url, init)).json()) as Record<string, string | undefined>
}
