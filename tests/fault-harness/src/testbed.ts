import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Grant } from '@evergrant/client'
import { createSession, createTokenManager } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import type { ProtectedServer, ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { Answer } from './messages.ts'
import { openStore } from './stores/open-store.ts'
import type { Inspection } from './stores/inspect-records.ts'
import { inspectRecords } from './stores/inspect-records.ts'
import { startBackend } from './stores/start-backend.ts'
import type { StoreKind } from './stores/store-kind.ts'
import type { StartWorkerOptions, Worker } from './worker-process.ts'
import { workerPool } from './worker-pool.ts'

export interface TestbedOptions {
  /** The store that the processes share. */
  readonly store: StoreKind
  readonly processes: number
  /** How long the server accepts a superseded token until its successor is used. Default 0. */
  readonly graceSeconds?: number
  /** The clock error of each worker, in seconds. */
  readonly clockSkewsSeconds?: readonly number[]
  /**
   * Whether time passes only with `advance`, so that the speed of the machine does not matter. The
   * clocks of databases run in any case. Default `false`.
   */
  readonly clockStands?: boolean
  /** Default 15,000. */
  readonly requestTimeoutMilliseconds?: number
  /** Default 15. */
  readonly maximumWaitSeconds?: number
  /** Default: the client's. */
  readonly initialBackoffSeconds?: number
  /** Time limit for one database statement. Default: the store's. */
  readonly storeTimeoutMilliseconds?: number
}

/** Real servers on loopback, a store, and the processes that share it. */
export interface Testbed extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly mcp: ProtectedServer
  readonly workers: readonly Worker[]
  /** Advances the clocks of the servers, the store and, with the next work, all workers. */
  advance(seconds: number): Promise<void>
  /** Sets how far the workers' machine clock is ahead of the servers' clock. */
  setMachineClock(aheadOfServersSeconds: number): void
  signIn(): Promise<void>
  /** Runs the same work concurrently in all workers, or in those given. */
  all(
    what: 'tokens' | 'requests' | 'idle',
    count: number,
    among?: readonly Worker[],
  ): Promise<(Answer | undefined)[]>
  addWorker(options?: Pick<StartWorkerOptions, 'diskFull'>): Promise<Worker>
  /** Starts a worker in the background. Call the result to add it to the testbed. */
  prepareWorker(): Promise<() => void>
  /** Removes a worker that was killed. */
  remove(worker: Worker): void
  /** Breaks the database connections of these workers until `reconnect`. */
  cutOff(workers: readonly Worker[]): void
  reconnect(workers: readonly Worker[]): void
  /** Makes the database refuse all record writes, or accept them again. */
  refuseWrites(refused: boolean): Promise<void>
  storedGrant(): Promise<Grant | undefined>
  /** Whether the server would accept the stored refresh token. */
  isStoredTokenLive(): Promise<boolean>
  /** Resolves when server and database have read everything that killed processes sent. */
  drained(): Promise<void>
  inspect(): Promise<Inspection>
  /** Half-written files before and after the store is opened. */
  leftoversAfterSweep(): Promise<{ readonly before: number; readonly after: number }>
}

/** Lifetime of every access token. The harness advances clocks instead of waiting. */
export const lifetimeSeconds = 1000
/** A token age at which a refresh is due and the token still valid, for any jitter. */
export const dueAgeSeconds = 870

/** Starts the servers, signs in once, and starts the processes. */
export async function startTestbed(options: TestbedOptions): Promise<Testbed> {
  let offsetSeconds = 0
  let machineAheadSeconds = 0
  const standsAtEpochSeconds = options.clockStands === true ? Date.now() / 1000 : undefined
  const clock = {
    nowEpochSeconds: () => (standsAtEpochSeconds ?? Date.now() / 1000) + offsetSeconds,
  }
  const as = await startScriptedAuthorizationServer({
    clock,
    accessTokenLifetimeSeconds: lifetimeSeconds,
    rotation: 'rotate',
    familyRevocation: true,
    graceSeconds: options.graceSeconds ?? 0,
  })
  const mcp = await startProtectedServer(as, { clock, scopesSupported: ['mcp:read'] })
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-faults-'))
  const { storeTimeoutMilliseconds, initialBackoffSeconds } = options
  const backend = await startBackend(options.store, {
    folder,
    keyFile: path.join(folder, 'key'),
    ...(storeTimeoutMilliseconds === undefined ? {} : { storeTimeoutMilliseconds }),
  })
  const ownReach = await backend.reach()
  const { store, end } = await openStore(ownReach.description)

  const session = createSession(mcp.resource, {
    store,
    client: { name: 'fault harness' },
    signIn: headlessSignIn(),
    clock: {
      ...clock,
      sleep: () => Promise.reject(new Error('The harness does not wait on this clock.')),
    },
  })
  await session.signIn()

  const { requestTimeoutMilliseconds = 15_000, maximumWaitSeconds = 15 } = options
  const pool = workerPool(backend, {
    serverUrl: mcp.resource,
    requestTimeoutMilliseconds,
    maximumWaitSeconds,
    ...(standsAtEpochSeconds === undefined ? {} : { standsAtEpochSeconds }),
    ...(initialBackoffSeconds === undefined ? {} : { initialBackoffSeconds }),
  })
  const first = Array.from({ length: options.processes }, (_, index) =>
    pool.prepare({ clockSkewSeconds: options.clockSkewsSeconds?.[index] ?? 0 }),
  )
  for (const admit of await Promise.all(first)) admit()

  async function storedGrant(): Promise<Grant | undefined> {
    const { identity } = await session.status()
    if (identity === undefined) return undefined
    const reader = await createTokenManager(identity, {
      store,
      exchange: () => Promise.reject(new Error('The parent never refreshes.')),
    })
    return await reader.read()
  }

  return {
    as,
    mcp,
    get workers() {
      return pool.workers()
    },
    async advance(seconds) {
      await backend.age(seconds)
      offsetSeconds += seconds
    },
    setMachineClock(aheadOfServersSeconds) {
      machineAheadSeconds = aheadOfServersSeconds
    },
    async signIn() {
      await session.signIn({ force: true })
    },
    all: (what, count, among = pool.workers()) =>
      Promise.all(
        among.map((worker) => worker.work(what, count, offsetSeconds + machineAheadSeconds)),
      ),
    addWorker: async (more) => (await pool.prepare(more))(),
    prepareWorker: () => pool.prepare(),
    remove: (worker) => pool.remove(worker),
    cutOff: (some) => pool.cutOff(some),
    reconnect: (some) => pool.reconnect(some),
    refuseWrites: (refused) => backend.refuseWrites(refused),
    storedGrant,
    async isStoredTokenLive() {
      const stored = (await storedGrant())?.tokenSet?.refreshToken
      return stored !== undefined && as.liveRefreshTokens().includes(stored)
    },
    async drained() {
      // Requests of a killed process reach the server before these requests do.
      for (let round = 0; round < 2; round += 1) {
        await (await fetch(as.jwksUri)).arrayBuffer()
      }
      await pool.drained()
    },
    inspect: () => inspectRecords(ownReach.description, backend),
    leftoversAfterSweep: () => backend.leftoversAfterSweep(),
    async [Symbol.asyncDispose]() {
      await Promise.all(pool.workers().map((worker) => worker.kill()))
      await mcp.close()
      await as.close()
      await end()
      await backend.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
