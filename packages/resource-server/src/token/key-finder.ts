import { createLocalJWKSet } from 'jose'
import type { CryptoKey, JSONWebKeySet } from 'jose'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { DecodedJwt } from './decoded-jwt.ts'

/**
 * Finds the key of a token, at once if another token with the same header had it.
 *
 * @throws {JOSEError} As the function from `createLocalJWKSet` of jose. The promise rejects with the same errors.
 */
export type FindKey = (jwt: DecodedJwt) => MaybePromise<CryptoKey>

/** Creates the search in one key set. It remembers the keys that it has found. */
export function createKeyFinder(keySet: JSONWebKeySet): FindKey {
  const search = createLocalJWKSet(keySet)
  // By the header itself, which tokens share and which alone decides about the key.
  const found = new WeakMap<DecodedJwt['header'], CryptoKey>()

  async function find({ header, encoded }: DecodedJwt): Promise<CryptoKey> {
    const key = await search(header, encoded)
    found.set(header, key)
    return key
  }

  return (jwt) => found.get(jwt.header) ?? find(jwt)
}
