import type { Answer } from '../messages.ts'
import type { StoreKind } from '../stores/store-kind.ts'
import { lifetimeSeconds, startTestbed } from '../testbed.ts'

/** What one expiry of the access token caused. */
export interface ExpiryCount {
  readonly processes: number
  readonly callers: number
  readonly refreshRequests: number
  /** Callers, over all processes, that received no token. */
  readonly lostCalls: number
  /** The number of distinct access tokens that callers received. */
  readonly tokens: number
  readonly grantAlive: boolean
}

/** Lets the access token expire, then requests a token from every caller of every process at once. */
export async function countOneExpiry(
  store: StoreKind,
  processes: number,
  callerCounts: readonly number[],
): Promise<ExpiryCount[]> {
  await using testbed = await startTestbed({ store, processes })
  const counts: ExpiryCount[] = []
  for (const callers of callerCounts) {
    await testbed.advance(lifetimeSeconds)
    const before = testbed.as.refreshRequests()
    const answers = await testbed.all('tokens', callers)
    counts.push({
      processes,
      callers,
      refreshRequests: testbed.as.refreshRequests() - before,
      lostCalls: processes * callers - succeeded(answers),
      tokens: new Set(answers.flatMap((answer) => answer?.tokens ?? [])).size,
      grantAlive: testbed.as.isGrantAlive() && (await testbed.isStoredTokenLive()),
    })
  }
  return counts
}

/** The result of many expiries at a server that revokes the token family on reuse. */
export interface ManyExpiries {
  readonly expiries: number
  readonly refreshRequests: number
  readonly deadGrants: number
  readonly lostCalls: number
}

/** Repeats the expiry, with `callers` concurrent callers in each process. */
export async function countManyExpiries(
  store: StoreKind,
  expiries: number,
  processes: number,
  callers: number,
): Promise<ManyExpiries> {
  await using testbed = await startTestbed({ store, processes })
  let deadGrants = 0
  let lostCalls = 0
  for (let expiry = 0; expiry < expiries; expiry += 1) {
    await testbed.advance(lifetimeSeconds)
    lostCalls += processes * callers - succeeded(await testbed.all('tokens', callers))
    if (testbed.as.isGrantAlive()) continue
    deadGrants += 1
    await testbed.signIn()
  }
  return { expiries, refreshRequests: testbed.as.refreshRequests(), deadGrants, lostCalls }
}

export function succeeded(answers: readonly (Answer | undefined)[]): number {
  return answers.reduce((sum, answer) => sum + (answer?.succeeded ?? 0), 0)
}
