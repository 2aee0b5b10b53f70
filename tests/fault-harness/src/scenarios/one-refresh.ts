import type { Answer } from '../messages.ts'
import type { StoreKind } from '../stores/store-kind.ts'
import { lifetimeSeconds, startWorld } from '../testbed.ts'

/** What the token endpoint saw of one expiry. */
export interface ExpiryCount {
  readonly processes: number
  readonly callers: number
  readonly refreshRequests: number
  /** Callers, over all processes, that got no token. */
  readonly lostCalls: number
  /** Different access tokens that were handed out. */
  readonly tokens: number
  readonly grantAlive: boolean
}

/** Lets the access token expire, and has every caller of every process ask at once. */
export async function countOneExpiry(
  store: StoreKind,
  processes: number,
  callerCounts: readonly number[],
): Promise<ExpiryCount[]> {
  await using world = await startWorld({ store, processes })
  const counts: ExpiryCount[] = []
  for (const callers of callerCounts) {
    await world.advance(lifetimeSeconds)
    const before = world.as.refreshRequests()
    const answers = await world.all('tokens', callers)
    counts.push({
      processes,
      callers,
      refreshRequests: world.as.refreshRequests() - before,
      lostCalls: processes * callers - succeeded(answers),
      tokens: new Set(answers.flatMap((answer) => answer?.tokens ?? [])).size,
      grantAlive: world.as.isGrantAlive() && (await world.isStoredTokenLive()),
    })
  }
  return counts
}

/** What is left after many expiries at a server that revokes the family on reuse. */
export interface ManyExpiries {
  readonly expiries: number
  readonly refreshRequests: number
  readonly deadGrants: number
  readonly lostCalls: number
}

/** 8 callers in each process, expiry after expiry. */
export async function countManyExpiries(
  store: StoreKind,
  expiries: number,
  processes: number,
  callers: number,
): Promise<ManyExpiries> {
  await using world = await startWorld({ store, processes })
  let deadGrants = 0
  let lostCalls = 0
  for (let expiry = 0; expiry < expiries; expiry += 1) {
    await world.advance(lifetimeSeconds)
    lostCalls += processes * callers - succeeded(await world.all('tokens', callers))
    if (world.as.isGrantAlive()) continue
    deadGrants += 1
    await world.signIn()
  }
  return { expiries, refreshRequests: world.as.refreshRequests(), deadGrants, lostCalls }
}

export function succeeded(answers: readonly (Answer | undefined)[]): number {
  return answers.reduce((sum, answer) => sum + (answer?.succeeded ?? 0), 0)
}
