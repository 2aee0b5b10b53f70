import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { Answer } from '../messages.ts'
import type { Worker } from '../worker-process.ts'
import { lifetimeSeconds, startWorld } from '../world.ts'
import type { World } from '../world.ts'
import { succeeded } from './one-refresh.ts'

type Fault = ScriptedAuthorizationServer['faults']['token'][number]

/** What one fault cost. */
export interface FaultReport {
  readonly fault: string
  /** Errors that callers met while it lasted, by code. */
  readonly errors: Readonly<Record<string, number>>
  /** Refresh requests while it lasted, over all processes. */
  readonly requests: number
  /** Sign-in errors, during the fault and after it. */
  readonly signIns: number
  readonly grantAlive: boolean
  /** Whether every caller of every process got a token once it was over. */
  readonly recovered: boolean
}

const processes = 4
const callers = 4
/** Longer than any back-off of these faults. */
const overSeconds = 120

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

/** Every fault of the token endpoint, met by all callers of all processes when a token expires. */
export async function meetServerFaults(): Promise<FaultReport[]> {
  return [...(await meetAll(beforeCommit, 0)), ...(await meetAll(afterCommit, 3600))]
}

async function meetAll(
  faults: Readonly<Record<string, Fault>>,
  graceSeconds: number,
): Promise<FaultReport[]> {
  await using world = await startWorld({
    processes,
    graceSeconds,
    requestTimeoutMilliseconds: 400,
    patienceSeconds: 0.5,
  })
  const reports: FaultReport[] = []
  for (const [name, fault] of Object.entries(faults)) {
    world.advance(lifetimeSeconds)
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

/** A disk that cannot be written when a refresh begins: no refresh token is spent. */
export async function meetDiskFaults(): Promise<FaultReport[]> {
  await using world = await startWorld({ processes, patienceSeconds: 0.5 })
  const reports: FaultReport[] = []
  for (const [name, code] of [
    ['a full disk', 'ENOSPC'],
    ['a store that became read-only', 'EROFS'],
  ] as const) {
    world.advance(lifetimeSeconds)
    for (const worker of world.workers) worker.failWrites(code)
    reports.push(
      await meet(
        world,
        name,
        () => world.all('tokens', callers),
        () => allowWrites(world.workers),
      ),
    )
  }
  return reports
}

/**
 * A disk that runs full between the server's answer and the save. The tokens are in one process's
 * memory, and the others would present the spent token again if that one let go of the lock.
 */
export async function meetDiskFullAtSave(): Promise<FaultReport> {
  await using world = await startWorld({ processes, patienceSeconds: 0.5 })
  world.advance(lifetimeSeconds)
  const [first] = world.workers
  if (first === undefined) throw new Error('This scenario needs a worker.')
  const answered = first.stopAt('answered')
  return await meet(
    world,
    'a disk that fills up between the answer and the save',
    async () => {
      const asked = world.all('tokens', callers, [first])
      await answered
      for (const worker of world.workers) worker.failWrites('ENOSPC')
      first.goOn()
      return [...(await asked), ...(await world.all('tokens', callers))]
    },
    async () => {
      allowWrites(world.workers)
      // The one that has the tokens saves them unasked, and the others wait for that.
      await world.all('tokens', callers)
    },
  )
}

/** Writes that the kernel refuses, by a limit on file sizes. POSIX only. */
export async function meetFileSizeLimit(): Promise<FaultReport> {
  await using world = await startWorld({ processes: 0, patienceSeconds: 0.5 })
  world.advance(lifetimeSeconds)
  const limited = await world.addWorker({ diskFull: true })
  return await meet(
    world,
    'a process that may not write files',
    () => world.all('tokens', callers),
    async () => {
      await limited.kill()
      world.remove(limited)
      await world.addWorker()
    },
  )
}

function allowWrites(workers: readonly Worker[]): void {
  for (const worker of workers) worker.failWrites()
}

async function meet(
  world: World,
  fault: string,
  during: () => Promise<(Answer | undefined)[]>,
  end: () => unknown,
): Promise<FaultReport> {
  const before = world.as.refreshRequests()
  const failing = await during()
  const requests = world.as.refreshRequests() - before
  await end()
  world.advance(overSeconds)
  const after = await world.all('tokens', callers)
  await world.all('idle', 0)
  const errors: Record<string, number> = {}
  for (const answer of failing) {
    for (const [code, times] of Object.entries(answer?.errors ?? {})) {
      errors[code] = (errors[code] ?? 0) + times
    }
  }
  return {
    fault,
    errors,
    requests,
    signIns: [...failing, ...after].reduce(
      (sum, answer) => sum + (answer?.errors['SIGN_IN_REQUIRED'] ?? 0),
      0,
    ),
    grantAlive: world.as.isGrantAlive() && (await world.isStoredTokenLive()),
    recovered: succeeded(after) === world.workers.length * callers,
  }
}
