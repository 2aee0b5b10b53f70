import { createLocalJWKSet } from 'jose'
import type { JSONWebKeySet, JWTHeaderParameters, JWTVerifyGetKey } from 'jose'

/** A key, as jose returns it. */
export type FoundKey = Awaited<ReturnType<JWTVerifyGetKey>>

/** Finds the keys of tokens in a key set. */
export interface KeyFinder {
  /** Like the function from `createLocalJWKSet` of jose. */
  find(...request: Parameters<JWTVerifyGetKey>): Promise<FoundKey>
  /** The key that was found for another token with the same algorithm and `kid`. */
  findAgain(header: JWTHeaderParameters): FoundKey | undefined
}

/** Creates the finder of one key set, which remembers the keys that it has found. */
export function createKeyFinder(keySet: JSONWebKeySet): KeyFinder {
  const search = createLocalJWKSet(keySet)
  // Tokens come from unknown senders, but only keys of the set are in here.
  const found = new Map<string, FoundKey>()
  return {
    async find(header, token) {
      const key = await search(header, token)
      const name = nameOf(header)
      if (name !== undefined) found.set(name, key)
      return key
    },
    findAgain(header) {
      const name = nameOf(header)
      return name === undefined ? undefined : found.get(name)
    },
  }
}

/** What jose searches by; `undefined` without `kid`, where several keys may match. */
function nameOf({ alg, kid }: JWTHeaderParameters): string | undefined {
  return typeof kid === 'string' ? `${alg} ${kid}` : undefined
}
