import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Grant } from '@evergrant/client'
import { createSession, createTokenManager } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import type { ProtectedServer, ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { Answer } from './messages.ts'
import type { NetworkLine } from './stores/network-line.ts'
import { openStore } from './stores/open-store.ts'
import { recordKinds } from './stores/record-kinds.ts'
import { startBackend } from './stores/start-backend.ts'
import type { StoreKind } from './stores/store-kind.ts'
import type { StartWorkerOptions, Worker } from './worker-process.ts'
import { startWorker } from './worker-process.ts'

export interface WorldOptions {
  /** What the processes share. */
  readonly store: StoreKind
  readonly processes: number
  /** For how long the server honours a superseded token whose successor nobody used. Default 0. */
  readonly graceSeconds?: number
  /** The clock of each worker, as far as it is off; one number for each. */
  readonly clockSkewsSeconds?: readonly number[]
  /** Default 15,000. */
  readonly requestTimeoutMilliseconds?: number
  /** Default 15. */
  readonly maximumWaitSeconds?: number
  /** Default: the client's. */
  readonly initialBackoffSeconds?: number
  /** The longest that one statement of a database may take. Default: the store's own. */
  readonly storeTimeoutMilliseconds?: number
}

/** What the records in the store look like. */
export interface Inspection {
  readonly records: ReadonlySet<string>
  /** Records that could not be read. */
  readonly torn: readonly string[]
  /** Damaged records that were set aside. */
  readonly setAside: number
}

/** Real servers on loopback, a store, and processes that share it. */
export interface World extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly mcp: ProtectedServer
  readonly workers: readonly Worker[]
  /** Moves the clock of the servers, of the store and, with the next work, of all workers. */
  advance(seconds: number): Promise<void>
  /** Sets the clock of the machine that all workers run on, against that of the servers. */
  setMachineClock(aheadOfServersSeconds: number): void
  signIn(): Promise<void>
  /** The same work in all workers, or those given, at once. */
  all(
    what: 'tokens' | 'requests' | 'idle',
    count: number,
    among?: readonly Worker[],
  ): Promise<(Answer | undefined)[]>
  addWorker(options?: Pick<StartWorkerOptions, 'diskFull'>): Promise<Worker>
  /** Starts a worker beside what else goes on; it is in the world once it was let in. */
  prepareWorker(): Promise<() => void>
  /** Takes a worker that died out of the world. */
  remove(worker: Worker): void
  /** Breaks the connections of these workers to their database, until {@link reconnect}. */
  cutOff(workers: readonly Worker[]): void
  reconnect(workers: readonly Worker[]): void
  /** Has the database refuse every write of a record, or no more. */
  refuseWrites(refused: boolean): Promise<void>
  storedGrant(): Promise<Grant | undefined>
  /** Whether the stored refresh token is one that the server would take. */
  isStoredTokenLive(): Promise<boolean>
  /** Resolves when server and store have read all that dead processes had sent to them. */
  drained(): Promise<void>
  inspect(): Promise<Inspection>
  /** Temporary files in the store that no opening sweeps, however old they are. */
  leftoversAfterSweep(): Promise<{ readonly before: number; readonly after: number }>
}

/** How long every access token lives; clocks are moved, nobody waits. */
export const lifetimeSeconds = 1000
/** An age at which a refresh is due and the token still good, whatever the record's jitter. */
export const dueAgeSeconds = 870

/** Signs in once, and starts the processes. */
export async function startWorld(options: WorldOptions): Promise<World> {
  let offsetSeconds = 0
  let machineAheadSeconds = 0
  const clock = { nowEpochSeconds: () => Date.now() / 1000 + offsetSeconds }
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
  const workers = new Set<Worker>()
  const lines = new Map<Worker, NetworkLine>()

  const session = createSession(mcp.resource, {
    store,
    client: { name: 'fault harness' },
    signIn: headlessSignIn(),
    clock: { ...clock, sleep: () => Promise.reject(new Error('The parent never waits.')) },
  })
  await session.signIn()

  async function prepareWorker(
    more: Pick<StartWorkerOptions, 'diskFull'> & { readonly clockSkewSeconds?: number } = {},
  ): Promise<() => Worker> {
    const { clockSkewSeconds = 0, ...started } = more
    const { description, line } = await backend.reach()
    const worker = await startWorker(
      {
        serverUrl: mcp.resource,
        store: description,
        requestTimeoutMilliseconds: options.requestTimeoutMilliseconds ?? 15_000,
        maximumWaitSeconds: options.maximumWaitSeconds ?? 15,
        ...(initialBackoffSeconds === undefined ? {} : { initialBackoffSeconds }),
        clockSkewSeconds,
      },
      { ...started, compileCache: path.join(tmpdir(), 'evergrant-faults-compiled') },
    )
    return () => {
      workers.add(worker)
      if (line !== undefined) lines.set(worker, line)
      return worker
    }
  }
  const first = Array.from({ length: options.processes }, (_, index) =>
    prepareWorker({ clockSkewSeconds: options.clockSkewsSeconds?.[index] ?? 0 }),
  )
  for (const letIn of await Promise.all(first)) letIn()

  async function storedGrant(): Promise<Grant | undefined> {
    const { identity } = await session.status()
    if (identity === undefined) return undefined
    const reader = await createTokenManager(identity, {
      store,
      exchange: () => Promise.reject(new Error('The parent never refreshes.')),
    })
    return await reader.read()
  }

  function lineOf(worker: Worker): NetworkLine {
    const line = lines.get(worker)
    if (line === undefined) throw new Error('Only a database has connections to break.')
    return line
  }

  return {
    as,
    mcp,
    get workers() {
      return [...workers]
    },
    async advance(seconds) {
      await backend.age(seconds)
      offsetSeconds += seconds
    },
    setMachineClock(aheadOfServersSeconds) {
      machineAheadSeconds = aheadOfServersSeconds
    },
    async signIn() {
      await session.signIn({ anew: true })
    },
    all: (what, count, among = [...workers]) =>
      Promise.all(
        among.map((worker) => worker.work(what, count, offsetSeconds + machineAheadSeconds)),
      ),
    addWorker: async (more) => (await prepareWorker(more))(),
    prepareWorker,
    remove: (worker) => void workers.delete(worker),
    cutOff: (some) => {
      for (const worker of some) lineOf(worker).cut()
    },
    reconnect: (some) => {
      for (const worker of some) lineOf(worker).restore()
    },
    refuseWrites: (refused) => backend.refuseWrites(refused),
    storedGrant,
    async isStoredTokenLive() {
      const stored = (await storedGrant())?.tokenSet?.refreshToken
      return stored !== undefined && as.liveRefreshTokens().includes(stored)
    },
    async drained() {
      // What a dead process had sent is in the server's queue before these requests are.
      for (let round = 0; round < 2; round += 1) {
        await (await fetch(as.jwksUri)).arrayBuffer()
      }
      for (const [worker, line] of lines) {
        if (workers.has(worker)) continue
        await line.drained()
        lines.delete(worker)
      }
    },
    async inspect() {
      const fresh = await openStore(ownReach.description)
      const records = new Set<string>()
      const torn: string[] = []
      for (const kind of recordKinds) {
        for await (const id of fresh.store.list(kind)) {
          const record = await fresh.store.read({ kind, id }).catch(() => undefined)
          if (record === undefined || !isJson(record.body)) torn.push(`${kind}/${id}`)
          else records.add(`${kind}/${id}`)
        }
      }
      await fresh.end()
      return { records, torn, setAside: await backend.setAside() }
    },
    leftoversAfterSweep: () => backend.leftoversAfterSweep(),
    async [Symbol.asyncDispose]() {
      await Promise.all([...workers].map((worker) => worker.kill()))
      await mcp.close()
      await as.close()
      await end()
      await backend.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
