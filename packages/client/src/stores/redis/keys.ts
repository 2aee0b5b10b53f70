import { EvergrantClientError } from '../../lib/errors.ts'
import type { RecordKind, RecordName } from '../store.ts'

/** The keys of one record. They share a slot of a cluster. */
export interface RecordKeys {
  readonly record: string
  /** The set that lists the records of the slot. */
  readonly index: string
  /** The sorted set of the times when the grants of the slot are due. */
  readonly due: string
  readonly aside: string
  readonly lock: string
}

/** One of the 256 parts of the records of a kind. Its keys share a slot of a cluster. */
export interface ShardKeys {
  readonly index: string
  readonly due: string
  record(id: string): string
}

/** How the keys of a store are named. */
export interface RedisKeys {
  of(name: RecordName): RecordKeys
  shards(kind: RecordKind): readonly ShardKeys[]
}

/** @throws EvergrantClientError `INVALID_OPTION` */
export function redisKeys(keyPrefix: string): RedisKeys {
  if (!/^[\w.:/-]*$/.test(keyPrefix)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The option "keyPrefix" cannot be used: ${JSON.stringify(keyPrefix)} (expected letters, digits and any of _ . : / -). Correct it.`,
    )
  }

  function shard(kind: RecordKind, firstByte: string): ShardKeys & { readonly tag: string } {
    const tag = `${keyPrefix}{${kind}:${firstByte}}:`
    return { tag, index: `${tag}index`, due: `${tag}due`, record: (id) => `${tag}record:${id}` }
  }

  return {
    of({ kind, id }) {
      const found = shard(kind, id.slice(0, 2))
      const { tag, index, due } = found
      return {
        record: found.record(id),
        index,
        due,
        aside: `${tag}set-aside:${id}`,
        lock: `${tag}lock:${id}`,
      }
    },
    shards: (kind) =>
      Array.from({ length: 256 }, (_, number) => shard(kind, number.toString(16).padStart(2, '0'))),
  }
}
