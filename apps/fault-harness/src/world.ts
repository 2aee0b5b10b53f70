import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Grant, RecordKind } from '@evergrant/client'
import { createSession, createTokenManager } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { fileStore, keyFileKey } from '@evergrant/client/stores/file'
import type { ProtectedServer, ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { Answer } from './messages.ts'
import type { StartWorkerOptions, Worker } from './worker-process.ts'
import { startWorker } from './worker-process.ts'

export interface WorldOptions {
  readonly processes: number
  /** For how long the server honours a superseded token whose successor nobody used. Default 0. */
  readonly graceSeconds?: number
  /** The clock of each worker, as far as it is off; one number for each. */
  readonly clockSkewsSeconds?: readonly number[]
  /** Default 15,000. */
  readonly requestTimeoutMilliseconds?: number
  /** Default 15. */
  readonly patienceSeconds?: number
}

/** What the records on the disk look like. */
export interface Inspection {
  readonly records: ReadonlySet<string>
  /** Records that could not be read. */
  readonly torn: readonly string[]
  /** Files in the folder for damaged ones. */
  readonly setAside: number
}

/** Real servers on loopback, a store on the disk, and processes that share it. */
export interface World extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly mcp: ProtectedServer
  readonly workers: readonly Worker[]
  /** Moves the clock of the servers and, with the next work, of all workers. */
  advance(seconds: number): void
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
  /** Takes a worker that died out of the world. */
  remove(worker: Worker): void
  storedGrant(): Promise<Grant | undefined>
  /** Whether the stored refresh token is one that the server would take. */
  isStoredTokenLive(): Promise<boolean>
  /** Resolves when the server has read all that was sent to it before. */
  drained(): Promise<void>
  inspect(): Promise<Inspection>
  /** Temporary files in the store that no opening sweeps, however old they are. */
  leftoversAfterSweep(): Promise<{ readonly before: number; readonly after: number }>
}

/** How long every access token lives; clocks are moved, nobody waits. */
export const lifetimeSeconds = 1000
/** An age at which a refresh is due and the token still good, whatever the record's jitter. */
export const dueAgeSeconds = 870

const kinds: readonly RecordKind[] = [
  'grant',
  'binding',
  'registration',
  'authorization',
  'authorization-server',
  'revocation',
]

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
  const storeFolder = path.join(folder, 'store')
  const keyFile = path.join(folder, 'key')
  const { key } = await keyFileKey(keyFile)
  const store = await fileStore(storeFolder, { key })
  const workers = new Set<Worker>()

  const session = createSession(mcp.resource, {
    store,
    client: { name: 'fault harness' },
    signIn: headlessSignIn(),
    clock: { ...clock, sleep: () => Promise.reject(new Error('The parent never waits.')) },
  })
  await session.signIn()

  async function addWorker(more: Pick<StartWorkerOptions, 'diskFull'> = {}): Promise<Worker> {
    const worker = await startWorker(
      {
        serverUrl: mcp.resource,
        storeFolder,
        keyFile,
        requestTimeoutMilliseconds: options.requestTimeoutMilliseconds ?? 15_000,
        patienceSeconds: options.patienceSeconds ?? 15,
        clockSkewSeconds: options.clockSkewsSeconds?.[workers.size] ?? 0,
      },
      { ...more, compileCache: path.join(tmpdir(), 'evergrant-faults-compiled') },
    )
    workers.add(worker)
    return worker
  }
  for (let index = 0; index < options.processes; index += 1) await addWorker()

  async function storedGrant(): Promise<Grant | undefined> {
    const { identity } = await session.status()
    if (identity === undefined) return undefined
    const reader = await createTokenManager(identity, {
      store,
      exchange: () => Promise.reject(new Error('The parent never refreshes.')),
    })
    return await reader.read()
  }

  async function files(ofFolders: readonly string[]): Promise<string[]> {
    const names = await Promise.all(
      ofFolders.map(async (name) =>
        (await readdir(path.join(storeFolder, name))).map((file) =>
          path.join(storeFolder, name, file),
        ),
      ),
    )
    return names.flat()
  }

  async function leftovers(): Promise<string[]> {
    return (await files([...kinds, 'locks'])).filter((file) =>
      path.basename(file).startsWith('.writing-'),
    )
  }

  return {
    as,
    mcp,
    get workers() {
      return [...workers]
    },
    advance(seconds) {
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
    addWorker,
    remove: (worker) => void workers.delete(worker),
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
    },
    async inspect() {
      const fresh = await fileStore(storeFolder, { key })
      const records = new Set<string>()
      const torn: string[] = []
      for (const kind of kinds) {
        for await (const id of fresh.list(kind)) {
          const record = await fresh.read({ kind, id }).catch(() => undefined)
          if (record === undefined || !isJson(record.body)) torn.push(`${kind}/${id}`)
          else records.add(`${kind}/${id}`)
        }
      }
      return { records, torn, setAside: (await files(['set-aside'])).length }
    },
    async leftoversAfterSweep() {
      const before = await leftovers()
      const longAgo = new Date(Date.now() - 3_600_000)
      for (const file of before) await utimes(file, longAgo, longAgo)
      await fileStore(storeFolder, { key })
      return { before: before.length, after: (await leftovers()).length }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...workers].map((worker) => worker.kill()))
      await mcp.close()
      await as.close()
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
