import { createHash, randomBytes } from 'node:crypto'
import {
  clientId,
  clientSecret,
  confidentialIssuers,
  publicClientId,
  redirectUri,
} from './testbed.ts'

/** Parameters of a request. `undefined` leaves one out. */
export type Parameters = Readonly<Record<string, string | undefined>>

/** The answer to a sign-in or a token request. */
export interface Outcome {
  readonly refreshToken?: string | undefined
  readonly accessToken?: string | undefined
  readonly error?: string | undefined
  readonly iss?: string | undefined
}

/** An authorization and the exchange of its code. */
export async function signIn(issuer: string, parameters: Parameters): Promise<Outcome> {
  const verifier = randomBytes(32).toString('base64url')
  const query = given({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  })
  const answer = await fetch(`${issuer}/auth?${query.toString()}`, { redirect: 'manual' })
  const { searchParams } = new URL(answer.headers.get('location') ?? 'about:blank')
  const code = searchParams.get('code')
  if (code === null) return { error: searchParams.get('error') ?? `status ${answer.status}` }
  const tokens = await tokenRequest(issuer, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    client_id: parameters['client_id'],
  })
  return { ...tokens, iss: searchParams.get('iss') ?? undefined }
}

export async function tokenRequest(issuer: string, parameters: Parameters): Promise<Outcome> {
  const id = parameters['client_id'] ?? clientId
  const secret =
    id === publicClientId || !confidentialIssuers.has(issuer) ? undefined : clientSecret
  const body = given({ ...parameters, client_id: id, client_secret: secret })
  const response = await fetch(`${issuer}/token`, { method: 'POST', body })
  const text = await response.text()
  const answer = text === '' ? {} : (JSON.parse(text) as Record<string, string>)
  const error = answer['error'] ?? (response.ok ? undefined : `empty-${response.status}`)
  return { refreshToken: answer['refresh_token'], accessToken: answer['access_token'], error }
}

function given(parameters: Parameters): URLSearchParams {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) search.set(name, value)
  }
  return search
}
