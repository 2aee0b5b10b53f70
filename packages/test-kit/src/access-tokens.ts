import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JSONWebKeySet } from 'jose'

/** The access token to sign. Every optional member has a usable default. */
export interface AccessTokenRequest {
  readonly scope: string
  /** The value of `aud`. Default: the issuer. */
  readonly resource?: string | undefined
  readonly clientId?: string
  readonly subject?: string
  /** Default: the server's lifetime. A negative value makes an expired token. */
  readonly lifetimeSeconds?: number
  /** Overrides claims; `undefined` removes one. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Overrides members of the JOSE header, such as `typ`. */
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

/** Creates an ES256 key that signs JWT access tokens (RFC 9068). */
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
