import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JSONWebKeySet } from 'jose'

/** Describes an access token to sign; what is left out has a usable default. */
export interface AccessTokenRequest {
  readonly scope: string
  /** Goes into `aud`; without one the issuer is its own audience. */
  readonly resource?: string | undefined
  readonly clientId?: string
  readonly subject?: string
  /** Default: the server's own lifetime. Negative makes a token that is already expired. */
  readonly lifetimeSeconds?: number
  /** Put over the claims; `undefined` removes one. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Put over the JOSE header, for instance another `typ`. */
  readonly header?: Readonly<Record<string, unknown>>
}

export interface AccessTokenSigner {
  readonly jwks: JSONWebKeySet
  sign(
    issuer: string,
    token: AccessTokenRequest,
    now: { readonly epochSeconds: number; readonly lifetimeSeconds: number },
  ): Promise<string>
}

/** Makes an ES256 key and signs JWT access tokens (RFC 9068) with it. */
export async function createAccessTokenSigner(): Promise<AccessTokenSigner> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const kid = randomUUID()
  const jwk = await exportJWK(publicKey)
  return {
    jwks: { keys: [{ ...jwk, kid, alg: 'ES256', use: 'sig' }] },
    sign: (issuer, token, now) => signToken(privateKey, kid, issuer, token, now),
  }
}

async function signToken(
  key: CryptoKey,
  kid: string,
  issuer: string,
  token: AccessTokenRequest,
  now: { readonly epochSeconds: number; readonly lifetimeSeconds: number },
): Promise<string> {
  const issuedAt = Math.floor(now.epochSeconds)
  const claims = {
    iss: issuer,
    sub: token.subject ?? 'user-1',
    aud: token.resource ?? issuer,
    client_id: token.clientId ?? 'client-1',
    scope: token.scope,
    jti: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + (token.lifetimeSeconds ?? now.lifetimeSeconds),
    ...token.claims,
  }
  const present = Object.entries(claims).filter(([, value]) => value !== undefined)
  return await new SignJWT(Object.fromEntries(present))
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...token.header })
    .sign(key)
}
