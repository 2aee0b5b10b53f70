import { setTimeout as pause } from 'node:timers/promises'
import type { BenchTable } from './bench-table.ts'
import type { Endpoint } from './fleet.ts'
import { startEndpoint } from './fleet.ts'
import { signInTemplate, writeGrants } from './signed-in-grants.ts'

const lifetimeSeconds = 3600

/** Grants that expire one after the other, at a server that takes 200 ms for each answer. */
export interface ExpiringGrants extends AsyncDisposable {
  readonly endpoint: Endpoint
  /** Resolves when the first grant expires in `firstExpiryInSeconds`. */
  untilStart(): Promise<void>
}

/** Writes the grants of `users`, which expire within `spanSeconds`. */
export async function expiringGrants(
  bench: BenchTable,
  options: {
    readonly users: number
    readonly spanSeconds: number
    readonly firstExpiryInSeconds: number
  },
): Promise<ExpiringGrants> {
  const { users, spanSeconds, firstExpiryInSeconds } = options
  // Writing the grants takes a while. They must not expire before the workers start.
  const writeSeconds = users / 800 + 20
  const startEpochSeconds = Date.now() / 1000 + writeSeconds
  const firstExpiryEpochSeconds = startEpochSeconds + firstExpiryInSeconds
  const endpoint = await startEndpoint({
    answerAfterMilliseconds: 200,
    expiresInSeconds: lifetimeSeconds,
    firstExpiryEpochSeconds,
    spanSeconds,
    users,
  })
  await writeGrants(bench.store, await signInTemplate(), {
    first: 0,
    count: users,
    tokenEndpoint: endpoint.url,
    lifetimeSeconds,
    expiresAt: (user) => firstExpiryEpochSeconds + (user / users) * spanSeconds,
  })
  await bench.admin.query(`VACUUM ANALYZE ${bench.table}`)
  return {
    endpoint,
    async untilStart() {
      await pause(Math.max(0, startEpochSeconds - Date.now() / 1000) * 1000)
    },
    [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose](),
  }
}
