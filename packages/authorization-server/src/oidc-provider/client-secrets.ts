import { hash, timingSafeEqual } from 'node:crypto'
import type { AdapterPayload, Provider } from 'oidc-provider'

/** A secret of 256 random bits, as the engine makes them, needs no salt and no slow hash. */
const hashedSecret = /^sha256:([\w-]{43})$/

/** Authentication methods that only compare the secret. */
const comparing: ReadonlySet<unknown> = new Set([
  undefined,
  'client_secret_basic',
  'client_secret_post',
])

/**
 * The metadata of a registered client as they are stored: with the SHA-256 of `client_secret` in its
 * place, where the server only ever compares it. A secret that is a key (`client_secret_jwt`, an
 * `HS256` signature, a symmetric encryption) stays as it is, for the engine needs it.
 *
 * Idempotent, so it also serves to bring rows of an earlier version up to date.
 */
export function withHashedClientSecret(metadata: AdapterPayload): AdapterPayload {
  const { client_secret: secret } = metadata
  if (typeof secret !== 'string' || hashedSecret.test(secret) || isKey(metadata)) return metadata
  return { ...metadata, client_secret: `sha256:${hash('sha256', secret, 'base64url')}` }
}

/** Has the engine compare a presented secret with a hashed one, in constant time. */
export function compareHashedSecrets(provider: Provider): void {
  const { prototype } = provider.Client
  const compareAsText: unknown = Reflect.get(prototype, 'compareClientSecret')
  Object.defineProperty(prototype, 'compareClientSecret', {
    configurable: true,
    writable: true,
    value(this: { readonly clientSecret?: string }, actual: string): unknown {
      const expected = hashedSecret.exec(this.clientSecret ?? '')?.[1]
      // Clients of the configuration, and secrets that are keys.
      if (expected === undefined) {
        if (typeof compareAsText !== 'function') return false
        return Reflect.apply(compareAsText, this, [actual])
      }
      const presented = hash('sha256', actual, 'buffer')
      return timingSafeEqual(presented, Buffer.from(expected, 'base64url'))
    },
  })
}

function isKey(metadata: AdapterPayload): boolean {
  if (!comparing.has(metadata['token_endpoint_auth_method'])) return true
  return Object.entries(metadata).some(
    ([name, value]) =>
      typeof value === 'string' &&
      ((name.endsWith('_signed_response_alg') && value.startsWith('HS')) ||
        (name === 'request_object_signing_alg' && value.startsWith('HS')) ||
        (/_encrypted_response_alg$|^request_object_encryption_alg$/.test(name) &&
          /^(?:A|dir$)/.test(value))),
  )
}
