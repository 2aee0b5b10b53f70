import { randomUUID } from 'node:crypto'
import { EvergrantClientError } from '../lib/errors.ts'
import type { RecordKind, RecordName, RecordStore, StoredRecord } from './store.ts'
import type { OpenedRecord } from './encryption/record-cipher.ts'
import { recordCipher } from './encryption/record-cipher.ts'
import { openedRecord } from './encryption/sealed-record.ts'
import { within } from './locking/bounded.ts'
import type { RunScript } from './redis/lease-lock.ts'
import { leaseLocks } from './redis/lease-lock.ts'

/** The part of a client, pool, sentinel or cluster of the package `redis` that is used here. */
export interface RedisScripting {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** Settings of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * The key that records are encrypted with: 32 bytes, the same on every machine, from where the
   * host keeps its secrets and not from Redis.
   */
  readonly key: Uint8Array
  /** What all names in Redis begin with. Default `evergrant:`. */
  readonly keyPrefix?: string | undefined
  /**
   * For how long a lock outlives a holder that died. It is renewed while it is held. Default
   * 30,000; never less than a second.
   */
  readonly leaseMilliseconds?: number | undefined
  /** The longest that one command may take, also while the client reconnects. Default 5,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
}

/** How many of the 256 parts of a listing are asked for at once. */
const listedAtOnce = 32

const readScript = `
local record = redis.call('HMGET', KEYS[1], 'generation', 'sealed', 'writtenAt')
if not record[1] then return {} end
local now = redis.call('TIME')
local age = (now[1] * 1000000 + now[2]) - tonumber(record[3] or 0)
return { record[1], record[2] or '', string.format('%.0f', age) }`

const writeScript = `
local generation = redis.call('HGET', KEYS[1], 'generation') or '0'
if generation ~= ARGV[1] then return 0 end
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'sealed', ARGV[3],
  'writtenAt', string.format('%.0f', now[1] * 1000000 + now[2]))
redis.call('SADD', KEYS[2], ARGV[4])
return 1`

const removeScript = `
local generation = redis.call('HGET', KEYS[1], 'generation') or '0'
if generation ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[2])
return 1`

/** Only a record whose field ARGV[2] still is ARGV[3]: somebody may have written anew since. */
const setAsideScript = `
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('RENAME', KEYS[1], KEYS[3])
redis.call('SREM', KEYS[2], ARGV[1])
return 1`

const listScript = `return redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', 500)`

/**
 * Opens a store in Redis (6.2 or later) or Valkey, for any number of processes and machines.
 *
 * One hash a record, encrypted with AES-256-GCM; each write is a script that compares the
 * generation and sets it. A lock is a lease that is renewed while it is held. A holder that was
 * suspended for longer than its lease can wake and believe for a moment that it still holds it: it
 * cannot overwrite anything, since its writes expect a generation that is gone, but it may send a
 * refresh token that somebody else has just used. Where the authorization server honours no
 * superseded refresh token, prefer `postgresStore`, whose locks do not run out.
 *
 * Redis must keep what it has confirmed: `appendonly yes` with `appendfsync always`, and
 * `maxmemory-policy noeviction`. With less, a crash of Redis can lose the last refresh tokens.
 *
 * In a cluster, records spread over 256 hash tags a kind; each record, its lock and its entry in
 * the listing share a slot.
 *
 * @param client - A connected client, pool, sentinel or cluster of the package `redis`. It stays
 *   the host's: `close` does not end it.
 * @throws EvergrantClientError `INVALID_OPTION`
 */
export function redisStore(client: RedisScripting, options: RedisStoreOptions): RecordStore {
  const { keyPrefix = 'evergrant:', leaseMilliseconds = 30_000 } = options
  const { requestTimeoutMilliseconds = 5000 } = options
  if (!/^[\w.:/-]*$/.test(keyPrefix)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The key prefix ${JSON.stringify(keyPrefix)} cannot be used. Give letters, digits and any of _ . : / -`,
    )
  }
  if (!(leaseMilliseconds >= 1000 && Number.isSafeInteger(leaseMilliseconds))) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `A lease of ${leaseMilliseconds} ms cannot be kept up. Give a whole number of milliseconds, 1000 or more.`,
    )
  }
  const cipher = recordCipher(options.key)

  const run: RunScript = async (script, keys, values, late) =>
    await within(
      requestTimeoutMilliseconds,
      'Redis',
      client.eval(script, { keys: [...keys], arguments: [...values] }),
      late,
    )
  const locks = leaseLocks(run, leaseMilliseconds)

  async function command(
    script: string,
    keys: readonly string[],
    values: readonly string[],
  ): Promise<unknown> {
    try {
      return await run(script, keys, values)
    } catch (cause) {
      throw new EvergrantClientError(
        'TOKEN_STORE_UNAVAILABLE',
        'Redis did not do what the token store asked of it. Check that it is reachable and its user may run scripts on these keys.',
        { cause },
      )
    }
  }

  function shard(kind: RecordKind, id: string): string {
    return `${keyPrefix}{${kind}:${id.slice(0, 2)}}:`
  }

  function keysOf(name: RecordName): {
    record: string
    index: string
    aside: string
    lock: string
  } {
    const tag = shard(name.kind, name.id)
    return {
      record: `${tag}record:${name.id}`,
      index: `${tag}index`,
      aside: `${tag}set-aside:${name.id}`,
      lock: `${tag}lock:${name.id}`,
    }
  }

  async function read(name: RecordName): Promise<StoredRecord | undefined> {
    const keys = keysOf(name)
    const reply = texts(await command(readScript, [keys.record], []))
    if (reply.length === 0) return undefined
    const [generation = '', sealed = '', ageMicroseconds = ''] = reply
    const record = await openedRecord(name, openHash(name, sealed, generation), {
      where: `the Redis key ${JSON.stringify(keys.record)}`,
      setAsideTo: `a key that begins with ${JSON.stringify(keys.aside)}`,
      setAside: () => moveAside(name, 'sealed', sealed),
    })
    return record && { ...record, ageSeconds: Math.max(0, Number(ageMicroseconds) / 1e6) }
  }

  /** A record whose generation is not the one inside was put together from two. */
  function openHash(name: RecordName, sealed: string, generation: string): OpenedRecord {
    const opened = cipher.open(name, sealed)
    if ('record' in opened && String(opened.record.generation) !== generation) {
      return { unreadable: 'damaged', detail: 'its generation is another than the one inside' }
    }
    return opened
  }

  async function moveAside(
    name: RecordName,
    field: 'sealed' | 'generation',
    value: string,
  ): Promise<void> {
    const { record, index, aside } = keysOf(name)
    const keys = [record, index, `${aside}@${randomUUID()}`]
    await command(setAsideScript, keys, [name.id, field, value])
  }

  /** A set that grows while it is scanned can name a member twice. */
  async function members(index: string): Promise<Set<string>> {
    const found = new Set<string>()
    let cursor = '0'
    do {
      const reply = await command(listScript, [index], [cursor])
      const [next, page]: unknown[] = Array.isArray(reply) ? reply : []
      for (const id of texts(page)) found.add(id)
      cursor = String(next)
    } while (cursor !== '0')
    return found
  }

  return {
    read,
    async write(name, body, expectedGeneration) {
      const { record, index } = keysOf(name)
      const generation = expectedGeneration + 1
      const sealed = cipher.seal(name, { generation, body })
      const values = [String(expectedGeneration), String(generation), sealed, name.id]
      const written = await command(writeScript, [record, index], values)
      return Number(written) === 1 ? { outcome: 'written', generation } : { outcome: 'conflict' }
    },
    async remove(name, expectedGeneration) {
      const { record, index } = keysOf(name)
      const values = [String(expectedGeneration), name.id]
      const removed = await command(removeScript, [record, index], values)
      return Number(removed) === 1 ? 'removed' : 'conflict'
    },
    async *list(kind: RecordKind) {
      const indexes = Array.from({ length: 256 }, (_, number) => {
        return `${shard(kind, number.toString(16).padStart(2, '0'))}index`
      })
      for (let first = 0; first < indexes.length; first += listedAtOnce) {
        const batch = indexes.slice(first, first + listedAtOnce)
        for (const ids of await Promise.all(batch.map(members))) yield* ids
      }
    },
    setAside: (name, expectedGeneration) =>
      moveAside(name, 'generation', String(expectedGeneration)),
    lock: (name, lockOptions) => locks.lock(keysOf(name).lock, lockOptions),
    close: () => locks.releaseAll(),
  }
}

/** A reply that is anything but a list of strings must never pass for "there is no record". */
function texts(reply: unknown): string[] {
  if (Array.isArray(reply) && reply.every((item) => typeof item === 'string')) return reply
  throw new EvergrantClientError(
    'TOKEN_STORE_UNAVAILABLE',
    'Redis answered with something else than strings. Give the store a client with the default type mapping.',
  )
}
