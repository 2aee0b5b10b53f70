import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { StoreKind } from '../stores/store-kind.ts'
import { lifetimeSeconds, startTestbed } from '../testbed.ts'
import type { FaultReport } from './meet-fault.ts'
import { callers, meet, processes } from './meet-fault.ts'

type Fault = ScriptedAuthorizationServer['faults']['token'][number]

/** Faults before the server rotates the token. They cost nothing at any server. */
const beforeCommit: Readonly<Record<string, Fault>> = {
  '503': { kind: 'status', status: 503 },
  '503 with Retry-After: 30': { kind: 'status', status: 503, headers: { 'retry-after': '30' } },
  '429 with Retry-After: 30': { kind: 'status', status: 429, headers: { 'retry-after': '30' } },
  '500 with a page': { kind: 'html', status: 500 },
  'a login page with status 200': { kind: 'html' },
  '408': { kind: 'status', status: 408 },
  temporarily_unavailable: { kind: 'oauth-error', error: 'temporarily_unavailable' },
  'a redirect': { kind: 'redirect', location: 'https://elsewhere.test/' },
  'a connection closed without a response': { kind: 'drop-before-commit' },
  'a connection reset': { kind: 'reset' },
  'no response at all': { kind: 'hang' },
}

/** Faults after the server rotated the token. The client recovers if the server has successor grace. */
const afterCommit: Readonly<Record<string, Fault>> = {
  'a lost response': { kind: 'drop-after-commit' },
  'a truncated response': { kind: 'slow-body' },
  'a response of 16 MiB': { kind: 'huge' },
  'a 502 instead of the response': { kind: 'status', status: 502, afterCommit: true },
}

/**
 * Exposes all callers of all processes to faults of the token endpoint when a token expires.
 *
 * @param only - The names of the faults. Default: all.
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
  await using testbed = await startTestbed({
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
    await testbed.advance(lifetimeSeconds)
    testbed.as.faults.token.push(...Array.from({ length: 1000 }, () => fault))
    reports.push(
      await meet(
        testbed,
        name,
        () => testbed.all('tokens', callers),
        () => testbed.as.faults.token.splice(0),
      ),
    )
  }
  return reports
}
