import { randomBytes } from 'node:crypto'
import { ExternalSigningKey } from 'oidc-provider'
import type { JWKS } from 'oidc-provider'

/** The claims of an access token that differ from token to token. */
export interface AccessTokenClaims {
  readonly sub: string
  readonly iat: number
  readonly exp: number
  readonly scope: string
  readonly client_id: string
  readonly aud: string
}

/** Writes an access token as the engine does (RFC 9068). */
export type WriteAccessToken = (claims: AccessTokenClaims) => Promise<string>

/** @returns `undefined` when no key signs ES256 on this thread. */
export function accessTokenWriter(issuer: string, { keys }: JWKS): WriteAccessToken | undefined {
  const key = keys.find((one) => one instanceof ExternalSigningKey)
  if (key === undefined) return undefined
  const header = encoded({ alg: key.alg, typ: 'at+jwt', kid: key.kid })
  return async ({ sub, iat, exp, scope, client_id: clientId, aud }) => {
    const jti = randomBytes(32).toString('base64url')
    const payload = { jti, sub, iat, exp, scope, client_id: clientId, iss: issuer, aud }
    const input = `${header}.${encoded(payload)}`
    const signature = Buffer.from(await key.sign(Buffer.from(input)))
    return `${input}.${signature.toString('base64url')}`
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
