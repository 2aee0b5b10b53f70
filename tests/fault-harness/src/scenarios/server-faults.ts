import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { StoreKind } from '../stores/store-kind.ts'
import { lifetimeSeconds, startWorld } from '../testbed.ts'
import type { FaultReport } from './meet-fault.ts'
import { callers, meet, processes } from './meet-fault.ts'

type Fault = ScriptedAuthorizationServer['faults']['token'][number]

/** Faults before the server does anything: no server can hold them against the client. */
const beforeCommit: Readonly<Record<string, Fault>> = {
  '503': { kind: 'status', status: 503 },
  '503 with Retry-After: 30': { kind: 'status', status: 503, headers: { 'retry-after': '30' } },
  '429 with Retry-After: 30': { kind: 'status', status: 429, headers: { 'retry-after': '30' } },
  '500 with a page': { kind: 'html', status: 500 },
  'a login page with status 200': { kind: 'html' },
  '408': { kind: 'status', status: 408 },
  temporarily_unavailable: { kind: 'oauth-error', error: 'temporarily_unavailable' },
  'a redirect': { kind: 'redirect', location: 'https://elsewhere.test/' },
  'a connection closed without an answer': { kind: 'drop-before-commit' },
  'a connection reset': { kind: 'reset' },
  'no answer at all': { kind: 'hang' },
}

/** Faults on the way back: here it takes a server with successor grace. */
const afterCommit: Readonly<Record<string, Fault>> = {
  'a lost answer': { kind: 'drop-after-commit' },
  'an answer that stops half-way': { kind: 'slow-body' },
  'an answer of 16 MiB': { kind: 'huge' },
  'a 502 instead of the answer': { kind: 'status', status: 502, afterCommit: true },
}

/**
 * Faults of the token endpoint, met by all callers of all processes when a token expires.
 *
 * @param only - The faults to meet; without it, every one.
 */
export async function meetServerFaults(
  store: StoreKind,
  only?: readonly string[],
): Promise<FaultReport[]> {
  return [
    ...(await meetAll(store, chosen(beforeCommit, only), 0)),
    ...(await meetAll(store, chosen(afterCommit, only), 3600)),
  ]
}

function chosen(
  faults: Readonly<Record<string, Fault>>,
  only: readonly string[] | undefined,
): Readonly<Record<string, Fault>> {
  if (only === undefined) return faults
  return Object.fromEntries(Object.entries(faults).filter(([name]) => only.includes(name)))
}

async function meetAll(
  store: StoreKind,
  faults: Readonly<Record<string, Fault>>,
  graceSeconds: number,
): Promise<FaultReport[]> {
  await using world = await startWorld({
    store,
    processes,
    graceSeconds,
    requestTimeoutMilliseconds: 400,
    maximumWaitSeconds: 0.5,
    // Longer than all callers of a fault can take on a busy machine: a second request that follows
    // a back-off would look like a request too many. `meet` advances the clock beyond it.
    initialBackoffSeconds: 60,
  })
  const reports: FaultReport[] = []
  for (const [name, fault] of Object.entries(faults)) {
    await world.advance(lifetimeSeconds)
    world.as.faults.token.push(...Array.from({ length: 1000 }, () => fault))
    reports.push(
      await meet(
        world,
        name,
        () => world.all('tokens', callers),
        () => world.as.faults.token.splice(0),
      ),
    )
  }
  return reports
}
