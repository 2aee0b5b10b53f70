import { randomUUID } from 'node:crypto'
import { EvergrantClientError } from '../lib/errors.ts'
import type { RecordKind, RecordName, StoredRecord } from './store.ts'
import type { OpenedRecord, StoreKeys } from './encryption/record-cipher.ts'
import { recordCipher } from './encryption/record-cipher.ts'
import type { EncryptedRecordStore } from './encryption/reencryption.ts'
import { openedRecord } from './encryption/sealed-record.ts'
import { within } from './locking/bounded.ts'
import type { Command } from './redis/command.ts'
import { pageOf, texts } from './redis/command.ts'
import { dueText, redisDueIndex } from './redis/due-index.ts'
import { redisKeys } from './redis/keys.ts'
import type { RunScript } from './redis/lease-lock.ts'
import { leaseLocks } from './redis/lease-lock.ts'
import { reencryptHashes } from './redis/reencrypt.ts'
import {
  listScript,
  readScript,
  removeScript,
  setAsideScript,
  writeScript,
} from './redis/scripts.ts'

export type { StoreKeys } from './encryption/record-cipher.ts'
export type { EncryptedRecordStore } from './encryption/reencryption.ts'

/** The part of a client, pool, sentinel or cluster of the package `redis` that the store uses. */
export interface RedisScripting {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * The key that encrypts the records: 32 bytes, the same on every machine. Keep it where you keep
   * your secrets, and not in Redis. With a list, the first key encrypts and all of them open records.
   */
  readonly key: StoreKeys
  /** The beginning of all keys in Redis. Default `evergrant:`. */
  readonly keyPrefix?: string | undefined
  /**
   * How long a lock stays after its holder died. It is renewed while it is held. Default 30,000; at
   * least 1000.
   */
  readonly leaseMilliseconds?: number | undefined
  /** The longest that one command may take, including a reconnection. Default 5,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
}

/** How many of the 256 parts of a list are read at once. */
const listedAtOnce = 32

/**
 * Opens a store in Redis (6.2 or later) or Valkey, for any number of processes and machines.
 *
 * Each record is one hash, encrypted with AES-256-GCM. Each write is a script that compares and sets
 * the generation. A lock is a lease that is renewed while it is held. A holder that was suspended for
 * longer than its lease can resume as if it still held the lease. It cannot overwrite anything,
 * because its writes expect an older generation, but it may send a refresh token that another process
 * has just used. If the authorization server accepts no superseded refresh token, use
 * `postgresStore`, whose locks do not run out.
 *
 * Redis must keep what it has confirmed: set `appendonly yes` with `appendfsync always`, and
 * `maxmemory-policy noeviction`. Otherwise, a crash of Redis can lose the last refresh tokens.
 *
 * In a cluster, the records of each kind are spread over 256 hash tags. A record, its lock, its list
 * entry and its due time share a slot. A claim of due grants asks the 256 tags, beginning at a random
 * one, until it has enough grants, so an idle worker costs about 300 short commands per claim.
 *
 * A process of an older version writes grants without due times. A new grant is found with the next
 * claim. A grant that was known is found when the time of its previous generation comes, or by a check
 * of all times: each process that claims checks about 500 times per second.
 *
 * @param client - A connected client, pool, sentinel or cluster of the package `redis`. You keep
 *   ownership: `close` does not end it.
 * @throws EvergrantClientError `INVALID_OPTION`
 * @example
 * const store = redisStore(client, { key })
 */
export function redisStore(
  client: RedisScripting,
  options: RedisStoreOptions,
): EncryptedRecordStore {
  const { keyPrefix = 'evergrant:', leaseMilliseconds = 30_000 } = options
  const { requestTimeoutMilliseconds = 5000 } = options
  if (!(leaseMilliseconds >= 1000 && Number.isSafeInteger(leaseMilliseconds))) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The option "leaseMilliseconds" cannot be used: ${leaseMilliseconds} (expected a whole number, 1000 or more). Correct it.`,
    )
  }
  const cipher = recordCipher(options.key)
  const names = redisKeys(keyPrefix)

  const run: RunScript = async (script, keys, values, late) =>
    await within(
      requestTimeoutMilliseconds,
      'Redis',
      client.eval(script, { keys: [...keys], arguments: [...values] }),
      late,
    )
  const locks = leaseLocks(run, leaseMilliseconds)

  const command: Command = async (script, keys, values) => {
    try {
      return await run(script, keys, values)
    } catch (cause) {
      throw new EvergrantClientError(
        'TOKEN_STORE_UNAVAILABLE',
        'A Redis command of the token store failed. Check that Redis is reachable, and that its user may run scripts on the keys of the store.',
        { cause },
      )
    }
  }

  async function read(name: RecordName): Promise<StoredRecord | undefined> {
    const keys = names.of(name)
    const reply = texts(await command(readScript, [keys.record], []))
    if (reply.length === 0) return undefined
    return await open(name, reply)
  }

  /** Opens the fields of a record: generation, text, age in microseconds. */
  async function open(name: RecordName, fields: readonly string[]): Promise<StoredRecord> {
    const [generation = '', sealed = '', ageMicroseconds = ''] = fields
    const keys = names.of(name)
    const record = await openedRecord(name, openHash(cipher.open(name, sealed), generation), {
      where: `the Redis key ${JSON.stringify(keys.record)}`,
      setAsideTo: `a key that begins with ${JSON.stringify(keys.aside)}`,
      setAside: () => moveAside(name, 'sealed', sealed),
    })
    return { ...record, ageSeconds: Math.max(0, Number(ageMicroseconds) / 1e6) }
  }

  async function moveAside(
    name: RecordName,
    field: 'sealed' | 'generation',
    value: string,
  ): Promise<void> {
    const { record, index, due, aside } = names.of(name)
    const keys = [record, index, due, `${aside}@${randomUUID()}`]
    await command(setAsideScript, keys, [name.id, field, value])
  }

  return {
    read,
    async write(name, body, expectedGeneration, dueInSeconds) {
      const { record, index, due } = names.of(name)
      const generation = expectedGeneration + 1
      const sealed = cipher.seal(name, { generation, body })
      const written = await command(
        writeScript,
        [record, index, due],
        [
          String(expectedGeneration),
          String(generation),
          sealed,
          name.id,
          name.kind,
          dueText(dueInSeconds),
        ],
      )
      return Number(written) === 1 ? { outcome: 'written', generation } : { outcome: 'conflict' }
    },
    async remove(name, expectedGeneration) {
      const { record, index, due } = names.of(name)
      const values = [String(expectedGeneration), name.id]
      const removed = await command(removeScript, [record, index, due], values)
      return Number(removed) === 1 ? 'removed' : 'conflict'
    },
    async *list(kind: RecordKind) {
      const indexes = names.shards(kind).map(({ index }) => index)
      for (let first = 0; first < indexes.length; first += listedAtOnce) {
        const batch = indexes.slice(first, first + listedAtOnce)
        for (const ids of await Promise.all(batch.map((index) => members(command, index))))
          yield* ids
      }
    },
    setAside: (name, expectedGeneration) =>
      moveAside(name, 'generation', String(expectedGeneration)),
    due: redisDueIndex(command, names, open),
    encryption: {
      keyIds: cipher.keyIds,
      reencryptPage: (page) => reencryptHashes(command, names, cipher, page),
    },
    lock: (name, lockOptions) => locks.lock(names.of(name).lock, lockOptions),
    close: () => locks.releaseAll(),
  }
}

/** A hash whose generation differs from the sealed one was combined from two records. */
function openHash(opened: OpenedRecord, generation: string): OpenedRecord {
  if ('record' in opened && String(opened.record.generation) !== generation) {
    return { unreadable: 'damaged', detail: 'its generation differs from the sealed one' }
  }
  return opened
}

/** The members of a set. A set that grows while it is scanned can return a member twice. */
async function members(command: Command, index: string): Promise<Set<string>> {
  const found = new Set<string>()
  let cursor = '0'
  do {
    const { next, items } = pageOf(await command(listScript, [index], [cursor]))
    for (const id of items) found.add(id)
    cursor = next
  } while (cursor !== '0')
  return found
}
