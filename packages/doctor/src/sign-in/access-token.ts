import type { TokenResponse } from '@evergrant/core'
import { documentOf, stringsOf } from '../lib/json.ts'
import type { AccessTokenFacts } from '../observations/measurement.ts'

/** Reads the public parts of an access token. The token itself is not kept. */
export function readAccessToken(tokens: TokenResponse): AccessTokenFacts {
  const { access_token: token, token_type: type, expires_in: expiresIn, scope } = tokens
  const [header, payload] = token.split('.').map((part) => documentOf(decoded(part)))
  const claims = header?.['alg'] === undefined ? undefined : payload
  const { aud, iss, scope: scopeClaim } = claims ?? {}
  const typ = header?.['typ']
  const audience = typeof aud === 'string' ? [aud] : stringsOf(aud)
  const named = scope ?? (typeof scopeClaim === 'string' ? scopeClaim : undefined)
  return {
    format: claims === undefined ? 'opaque' : 'jwt',
    type,
    ...(expiresIn === undefined ? {} : { expiresInSeconds: expiresIn }),
    ...(named === undefined ? {} : { scope: named }),
    ...(claims === undefined ? {} : { audience: audience.slice(0, 8) }),
    ...(typeof iss === 'string' ? { issuer: iss } : {}),
    ...(claims !== undefined && typeof typ === 'string' ? { typ } : {}),
  }
}

function decoded(part: string): string {
  try {
    const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'))
    return new TextDecoder().decode(Uint8Array.from(binary, (one) => one.codePointAt(0) ?? 0))
  } catch {
    return ''
  }
}
