import { hash, timingSafeEqual } from 'node:crypto'
import type { AdapterPayload, Provider } from 'oidc-provider'

/** The engine makes secrets of 256 random bits, which need no salt and no slow hash. */
const hashedSecret = /^sha256:([\w-]{43})$/

/** Authentication methods for which the engine only compares the secret. */
const comparing: ReadonlySet<unknown> = new Set([
  undefined,
  'client_secret_basic',
  'client_secret_post',
])

/**
 * The metadata of a registered client as it is stored: with the SHA-256 of `client_secret` in its
 * place when the server only compares it. A secret that is used as a key (`client_secret_jwt`, an
 * `HS256` signature, a symmetric encryption) stays in the clear, because the engine needs it.
 *
 * Idempotent, so you can also use it to upgrade rows of an earlier version.
 */
export function withHashedClientSecret(metadata: AdapterPayload): AdapterPayload {
  const { client_secret: secret } = metadata
  if (typeof secret !== 'string' || hashedSecret.test(secret) || isKey(metadata)) return metadata
  return { ...metadata, client_secret: `sha256:${hash('sha256', secret, 'base64url')}` }
}

/** Makes the engine compare a presented secret with a hashed one, in constant time. */
export function compareHashedSecrets(provider: Provider): void {
  const { prototype } = provider.Client
  const compareAsText: unknown = Reflect.get(prototype, 'compareClientSecret')
  Object.defineProperty(prototype, 'compareClientSecret', {
    configurable: true,
    writable: true,
    value(this: { readonly clientSecret?: string }, actual: string): unknown {
      const expected = hashedSecret.exec(this.clientSecret ?? '')?.[1]
      // A configured client, or a secret that is used as a key.
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
