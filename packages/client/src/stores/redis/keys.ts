import { EvergrantClientError } from '../../lib/errors.ts'
import type { RecordKind, RecordName } from '../store.ts'

/** The keys of one record. They share a slot of a cluster. */
export interface RecordKeys {
  readonly record: string
  readonly index: string
  readonly aside: string
  readonly lock: string
}

/** How the keys of a store are named. */
export interface RedisKeys {
  of(name: RecordName): RecordKeys
  /** The keys of the sets that list the records of a kind. */
  indexes(kind: RecordKind): readonly string[]
}

/** @throws EvergrantClientError `INVALID_OPTION` */
export function redisKeys(keyPrefix: string): RedisKeys {
  if (!/^[\w.:/-]*$/.test(keyPrefix)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The option "keyPrefix" cannot be used: ${JSON.stringify(keyPrefix)} (expected letters, digits and any of _ . : / -). Correct it.`,
    )
  }

  function shard(kind: RecordKind, id: string): string {
    return `${keyPrefix}{${kind}:${id.slice(0, 2)}}:`
  }

  return {
    of({ kind, id }) {
      const tag = shard(kind, id)
      return {
        record: `${tag}record:${id}`,
        index: `${tag}index`,
        aside: `${tag}set-aside:${id}`,
        lock: `${tag}lock:${id}`,
      }
    },
    indexes: (kind) =>
      Array.from(
        { length: 256 },
        (_, number) => `${shard(kind, number.toString(16).padStart(2, '0'))}index`,
      ),
  }
}
