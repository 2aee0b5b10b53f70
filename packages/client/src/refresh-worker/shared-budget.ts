import type { Clock } from '../lib/clock.ts'
import { recordId } from '../grant/grant.ts'
import { storeRead, storeWrite } from '../grant/grant-repository.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { isObject } from '../lib/is-object.ts'
import type { RecordName, RecordStore } from '../stores/store.ts'
import type { Share } from './shares.ts'
import { fairPart, nextShares } from './shares.ts'

/** How long a part of a budget is valid. A worker that was suspended for longer has lost it. */
const validSeconds = 12
/** How long before its end a part counts as lost: another worker may see the end a little earlier. */
const safetySeconds = 2
/** Workers that ask at the same time write one after the other. */
const maximumRewrites = 20
/** A record with more workers is not one of ours. */
const maximumWorkers = 10_000

/** The part of one worker in the budget of one authorization server. */
export interface SharedBudget {
  /** A request may be started while fewer than this are under way. */
  granted(): number
  /**
   * Asks for a part, and renews it.
   *
   * @param budget - The budget of all workers: 1 while a server is being tried after a failure.
   * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`, `TOKEN_STORE_WRITE_FAILED`
   */
  ask(wanted: number, running: number, budget: number): Promise<void>
}

/** @param worker - A name of this worker that no other worker has. */
export function sharedBudget(
  store: RecordStore,
  issuer: string,
  worker: string,
  clock: Clock,
): SharedBudget {
  const ids = [recordId(['budget', issuer]), recordId(['budget', issuer, 'unreadable'])] as const
  let granted = 0
  let askedAtEpochSeconds = 0

  /**
   * Loads the parts. A record of another key or a later version cannot be replaced. The workers that
   * cannot read it share a second record, so that their refreshes go on.
   */
  async function load(): Promise<StoredShares> {
    const [first, second] = await Promise.all(ids)
    // A damaged record is set aside by the first attempt.
    return await loadFrom(first)
      .catch(async (error: unknown) => await loadFrom(ifUnreadable(error, first)))
      .catch(async (error: unknown) => await loadFrom(ifUnreadable(error, second)))
  }

  async function loadFrom(id: string): Promise<StoredShares> {
    const name: RecordName = { kind: 'authorization-server', id }
    const stored = await storeRead(store, name)
    if (stored === undefined) return { name, shares: [], generation: 0 }
    const { body, generation, ageSeconds } = stored
    return { name, shares: parseShares(body, ageSeconds, clock.nowEpochSeconds()), generation }
  }

  return {
    granted() {
      const age = clock.nowEpochSeconds() - askedAtEpochSeconds
      // A clock that was set back cannot measure the end.
      return age >= -safetySeconds && age < validSeconds - safetySeconds ? granted : 0
    },
    async ask(wanted, running, budget) {
      for (let attempt = 1; attempt <= maximumRewrites; attempt += 1) {
        const askedAt = clock.nowEpochSeconds()
        const { name, shares, generation } = await load()
        const next = nextShares(shares, { worker, wanted, running, validSeconds }, budget)
        const body = JSON.stringify({ savedAtEpochSeconds: askedAt, shares: next })
        const written = await storeWrite(store, name, body, generation)
        if (written.outcome === 'conflict') continue
        askedAtEpochSeconds = askedAt
        const mine = next.find((share) => share.worker === worker)?.granted ?? 0
        // A place above the fair part is only for a request that is under way.
        granted = Math.min(mine, fairPart(next, { worker }, budget))
        return
      }
    },
  }
}

interface StoredShares {
  readonly name: RecordName
  readonly shares: readonly Share[]
  readonly generation: number
}

/** @returns `id`, if the error means that a record is unreadable. Any other error is thrown. */
function ifUnreadable(error: unknown, id: string): string {
  if (EvergrantClientError.is(error) && error.code === 'RECORD_UNREADABLE') return id
  throw error
}

/** The parts as they are now. An unreadable record counts as empty: it is replaced. */
function parseShares(
  body: string,
  ageSeconds: number | undefined,
  nowEpochSeconds: number,
): readonly Share[] {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return []
  }
  if (!isObject(value) || !Array.isArray(value['shares'])) return []
  const { savedAtEpochSeconds, shares } = value
  if (typeof savedAtEpochSeconds !== 'number' || shares.length > maximumWorkers) return []
  const age = ageSeconds ?? nowEpochSeconds - savedAtEpochSeconds
  return shares.flatMap((share: unknown) => readShare(share, age))
}

function readShare(value: unknown, ageSeconds: number): Share[] {
  if (!isObject(value)) return []
  const { worker, wanted, granted, endsInSeconds } = value
  if (typeof worker !== 'string' || typeof endsInSeconds !== 'number') return []
  if (typeof wanted !== 'number' || typeof granted !== 'number') return []
  // If the clock was set back, the age is not known, and the part has ended.
  const left = ageSeconds < 0 ? 0 : endsInSeconds - ageSeconds
  return left > 0 ? [{ worker, wanted, granted, endsInSeconds: left }] : []
}
