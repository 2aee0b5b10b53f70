import { EvergrantClientError } from '../../lib/errors.ts'
import type { Moment } from '../locking/bounded.ts'
import { millisecondsSince, thisMoment } from '../locking/bounded.ts'
import type { Claim, ClaimOptions, ClaimedGrant, DueIndex } from '../due.ts'
import { neverDue } from '../due.ts'
import type { RecordName, StoredRecord } from '../store.ts'
import type { Command } from './command.ts'
import { pageOf, texts } from './command.ts'
import type { RedisKeys, ShardKeys } from './keys.ts'
import {
  claimScript,
  dueListScript,
  dueScript,
  outdatedScript,
  readManyScript,
  reconcileScript,
  setDueScript,
} from './scripts.ts'

/** How many of the 256 shards a claim looks at together. Redis answers them in one round trip. */
const shardsAtOnce = 64
/** How many grants of one shard become due at once after an older version has written them. */
const largestReconciliation = 200
/** How many shards are reconciled together. */
const reconciledShards = 2
/** How long a process waits until it checks the next page of due times. */
const checkEveryMilliseconds = 1000

/** Opens the fields of a record: generation, text, age in microseconds. */
export type OpenFields = (name: RecordName, fields: readonly string[]) => Promise<StoredRecord>

/** What a shard knows about its due grants. */
interface ShardState {
  readonly shard: ShardKeys
  readonly due: number
  readonly nextInSeconds: number
  readonly lateSeconds: number
  /** Whether an older version added or removed records. */
  readonly isUnknown: boolean
}

/**
 * The due grants of a store in Redis: a sorted set of times for each shard.
 *
 * A process of an older version changes records without their times. If it adds or removes records,
 * the sizes of two sets differ, and the next claim corrects that. If it only writes a record that was
 * known, the grant is due at the time of its previous generation, or when a claim checks its page of
 * the due times: one page each second.
 */
export function redisDueIndex(command: Command, keys: RedisKeys, open: OpenFields): DueIndex {
  const shards = keys.shards('grant')
  const outdated = outdatedTimes(command, shards)

  async function stateOf(shard: ShardKeys): Promise<ShardState> {
    const reply = texts(await command(dueScript, [shard.due, shard.index], []))
    const [due = '', next = '', late = '', members = '', times = ''] = reply
    return {
      shard,
      due: Number(due),
      nextInSeconds: next === '' ? neverDue : Number(next) / 1e6,
      lateSeconds: Number(late) / 1e6,
      isUnknown: members !== times,
    }
  }

  /** Corrects up to `limit` shards to which an older version added records, or removed some. */
  async function reconciled(states: readonly ShardState[], limit: number): Promise<ShardState[]> {
    const unknown = states.filter(({ isUnknown }) => isUnknown).slice(0, limit)
    const added = await Promise.all(
      unknown.map(({ shard: { index, due } }) =>
        command(reconcileScript, [index, due], [String(largestReconciliation)]),
      ),
    )
    return states.map((state) => ({
      ...state,
      due: state.due + Number(added[unknown.indexOf(state)] ?? 0),
    }))
  }

  async function take(
    shard: ShardKeys,
    limit: number,
    claimSeconds: number,
  ): Promise<ClaimedGrant[]> {
    const values = [String(limit), String(Math.round(claimSeconds * 1e6))]
    const found = texts(await command(claimScript, [shard.due], values))
    const taken = Array.from({ length: found.length / 2 }, (_, index) => ({
      id: found[index * 2] ?? '',
      lateSeconds: Number(found[index * 2 + 1]) / 1e6,
    }))
    if (taken.length === 0) return []
    const records = taken.map(({ id }) => shard.record(id))
    const fields = texts(await command(readManyScript, records, []))
    const grants = await Promise.all(
      taken.map((one, index) => claimed(one, fields.slice(index * 3, index * 3 + 3))),
    )
    return grants.filter((one) => one !== undefined)
  }

  /** `undefined` if the record was removed since. */
  async function claimed(
    { id, lateSeconds }: { readonly id: string; readonly lateSeconds: number },
    fields: readonly string[],
  ): Promise<ClaimedGrant | undefined> {
    if (fields[0] === '') return undefined
    try {
      return { id, lateSeconds, record: await open({ kind: 'grant', id }, fields) }
    } catch (error) {
      // A record that cannot even be set aside must not keep the other grants of the claim from a worker.
      if (!EvergrantClientError.is(error)) throw error
      return { id, lateSeconds, unreadable: { generation: Number(fields[0]), error } }
    }
  }

  async function claim({ limit, claimSeconds }: ClaimOptions): Promise<Claim> {
    await outdated.check()
    const grants: ClaimedGrant[] = []
    let next = neverDue
    // Each claim begins at another shard, so that none of them is always last.
    const start = Math.floor(Math.random() * shards.length)
    const order = [...shards.slice(start), ...shards.slice(0, start)]
    for (let first = 0; first < order.length; first += shardsAtOnce) {
      const asked = await Promise.all(order.slice(first, first + shardsAtOnce).map(stateOf))
      const states = await reconciled(asked, reconciledShards)
      let rest = limit - grants.length
      const takes: Promise<ClaimedGrant[]>[] = []
      for (const { shard, due, nextInSeconds } of states) {
        const share = Math.min(due, rest)
        if (share > 0) takes.push(take(shard, share, claimSeconds))
        rest -= share
        next = Math.min(next, due > share ? 0 : nextInSeconds, share > 0 ? claimSeconds : neverDue)
      }
      for (const taken of await Promise.all(takes)) grants.push(...taken)
      if (rest <= 0) {
        // The other shards were not asked.
        if (first + shardsAtOnce < order.length) next = 0
        break
      }
    }
    return {
      grants: grants.toSorted((a, b) => b.lateSeconds - a.lateSeconds),
      nextDueInSeconds: next,
    }
  }

  return {
    claim,
    async set(id, generation, dueInSeconds) {
      const { record, due } = keys.of({ kind: 'grant', id })
      await command(setDueScript, [record, due], [String(generation), id, dueText(dueInSeconds)])
    },
    async backlog() {
      let grants = 0
      let lateSeconds = 0
      for (let first = 0; first < shards.length; first += shardsAtOnce) {
        const batch = shards.slice(first, first + shardsAtOnce)
        for (const state of await Promise.all(batch.map(stateOf))) {
          grants += state.due
          if (state.due > 0) lateSeconds = Math.max(lateSeconds, state.lateSeconds)
        }
      }
      return { grants, lateSeconds }
    },
  }
}

/** A due time for a script. */
export function dueText(dueInSeconds: number | undefined): string {
  if (dueInSeconds === undefined) return ''
  return dueInSeconds === neverDue ? 'never' : String(Math.round(dueInSeconds * 1e6))
}

/**
 * Finds records whose time belongs to an older generation. It goes through all due times, one page
 * at a time, and begins again after the last one.
 */
function outdatedTimes(command: Command, shards: readonly ShardKeys[]): { check(): Promise<void> } {
  // Several processes begin at different shards.
  let number = Math.floor(Math.random() * shards.length)
  let cursor = '0'
  let checked: Moment | undefined
  return {
    async check() {
      if (checked !== undefined && millisecondsSince(checked) < checkEveryMilliseconds) return
      checked = thisMoment()
      const shard = shards[number % shards.length]
      if (shard === undefined) return
      const { next, items } = pageOf(await command(dueListScript, [shard.due], [cursor]))
      cursor = next
      if (next === '0') number += 1
      const ids = items.filter((_, index) => index % 2 === 0)
      if (ids.length === 0) return
      await command(outdatedScript, [shard.due, ...ids.map((id) => shard.record(id))], ids)
    },
  }
}
