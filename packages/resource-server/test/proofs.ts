import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { JWK, JWTPayload } from 'jose'

/** The key of a client, which makes proofs (RFC 9449). */
export interface ProofKey {
  readonly jwk: JWK
  readonly privateJwk: JWK
  readonly thumbprint: string
  readonly sign: (
    payload: JWTPayload,
    header?: Readonly<Record<string, unknown>>,
  ) => Promise<string>
}

export async function proofKey(algorithm = 'ES256'): Promise<ProofKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(publicKey)
  return {
    jwk,
    privateJwk: await exportJWK(privateKey),
    thumbprint: await calculateJwkThumbprint(jwk),
    sign: async (payload, header = {}) =>
      await new SignJWT(payload)
        .setProtectedHeader({ alg: algorithm, typ: 'dpop+jwt', jwk, ...header })
        .sign(privateKey),
  }
}

/** `ath` of a proof. */
export async function tokenHash(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  return Buffer.from(digest).toString('base64url')
}
