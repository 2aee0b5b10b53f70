import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock, Grant, RecordStore } from '@evergrant/client'
import { createSession, createTokenManager } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { createPostgresTable } from '@evergrant/client/stores/postgres'
import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'
import {
  ageRowsSql,
  startProtectedServer,
  startScriptedAuthorizationServer,
} from '@evergrant/test-kit'
import type { PoolClient } from 'pg'
import { Pool } from 'pg'
import { openStore } from '../stores/open-store.ts'
import type { FleetWorker } from './worker-process.ts'
import { startFleetWorker } from './worker-process.ts'

/** What a fleet runs over. */
export interface FleetOptions {
  /** How the workers reach PostgreSQL. */
  readonly url: string
  /** How this process reaches the same PostgreSQL. Default: `url`. */
  readonly adminUrl?: string
  readonly workers: number
  readonly users: number
  /** How long the server accepts a superseded token until its successor is used. */
  readonly graceSeconds: number
  /** Whether refreshes can be stopped at a step. */
  readonly stepped: boolean
  /** How long workers wait for the authorization server. Default: that of the refresh worker. */
  readonly requestTimeoutMilliseconds?: number
}

/** The stored sign-in of one user. */
export interface FleetUser {
  signIn(): Promise<void>
  read(): Promise<Grant | undefined>
}

/** Refresh workers in processes of their own, over the grants of several users. */
export interface Fleet extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly users: readonly FleetUser[]
  readonly workers: readonly FleetWorker[]
  /** The IDs of all notices that the workers gave to this process, the host. */
  readonly notices: readonly string[]
  /** Advances the clocks of the server, the store and all workers. */
  advance(seconds: number): Promise<void>
  /** Starts a worker in the background. Call the result to add it. */
  prepareWorker(): Promise<() => Promise<void>>
  remove(worker: FleetWorker): void
  /**
   * Resolves when every grant has been refreshed since the last long `advance`, or needs the user.
   *
   * @returns The users who must sign in.
   */
  settled(): Promise<readonly FleetUser[]>
  /** Damaged records that were set aside. */
  setAside(): Promise<number>
}

const lifetimeSeconds = 1000
/** At this age, a refresh is due for any jitter, and the token is still valid. */
export const dueAgeSeconds = 870

/** Starts the servers, signs in all users, and starts the workers. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  let offsetSeconds = 0
  let dueSinceEpochSeconds = 0
  const clock = {
    nowEpochSeconds: () => Date.now() / 1000 + offsetSeconds,
    sleep: () => Promise.reject(new Error('The harness does not wait on this clock.')),
  }
  const as = await startScriptedAuthorizationServer({
    clock,
    accessTokenLifetimeSeconds: lifetimeSeconds,
    rotation: 'rotate',
    familyRevocation: true,
    graceSeconds: options.graceSeconds,
  })
  const mcp = await startProtectedServer(as, { clock, scopesSupported: ['mcp:read'] })
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-fleet-'))
  const table = `evergrant_fleet_${randomBytes(6).toString('hex')}`
  const keyFile = path.join(folder, 'key')
  const adminUrl = options.adminUrl ?? options.url
  const admin = new Pool({ connectionString: adminUrl, max: 2 })
  admin.on('error', () => undefined)
  await createPostgresTable(admin, { table })
  const own = await openStore({ kind: 'postgres', url: adminUrl, table, keyFile })

  const users = Array.from({ length: options.users }, (_, index) =>
    fleetUser(`user-${index}`, mcp.resource, own.store, clock),
  )
  for (const user of users) await user.signIn()

  const workers = new Set<FleetWorker>()
  const notices: string[] = []
  async function prepareWorker(): Promise<() => Promise<void>> {
    const settings = {
      store: { kind: 'postgres', url: options.url, table, keyFile },
      clockOffsetSeconds: offsetSeconds,
      stepped: options.stepped,
      requestTimeoutMilliseconds: options.requestTimeoutMilliseconds,
    } as const
    const worker = await startFleetWorker(settings, (id) => notices.push(id))
    return async () => {
      workers.add(worker)
      await worker.setClock(offsetSeconds)
    }
  }
  const first = Array.from({ length: options.workers }, () => prepareWorker())
  for (const admit of await Promise.all(first)) await admit()

  /** `undefined` while a refresh of the grant is still to come. */
  async function stateOf(user: FleetUser): Promise<'refreshed' | 'needs-user' | undefined> {
    // The database may be restarting.
    const grant = await user.read().catch(() => undefined)
    if (grant?.state === 'needs-reauth') return 'needs-user'
    if (grant?.tokenSet === undefined || grant.pending !== undefined) return undefined
    if ((grant.tokenSet.issuedAtEpochSeconds ?? 0) < dueSinceEpochSeconds) return undefined
    // A server that revoked the grant has not told the client yet.
    return isLive(as, grant) ? 'refreshed' : 'needs-user'
  }

  return {
    as,
    users,
    notices,
    get workers() {
      return [...workers]
    },
    async advance(seconds) {
      offsetSeconds += seconds
      // A worker whose clock is behind would find that its grants are not due yet.
      await Promise.all([...workers].map((worker) => worker.setClock(offsetSeconds)))
      // A save during `advance` can look a few seconds older than it is.
      if (seconds >= dueAgeSeconds) dueSinceEpochSeconds = clock.nowEpochSeconds() - 100
      await onLiveConnection(admin, (client) => client.query(ageRowsSql(table), [seconds]))
    },
    prepareWorker,
    remove: (worker) => void workers.delete(worker),
    async settled() {
      const needing: FleetUser[] = []
      const giveUpAt = performance.now() + 180_000
      for (const user of users) {
        for (;;) {
          const state = await stateOf(user)
          if (state === 'needs-user') needing.push(user)
          if (state !== undefined) break
          if (performance.now() > giveUpAt) {
            throw new Error(
              `A grant was not refreshed: ${JSON.stringify(withoutTokens(await user.read()))}`,
            )
          }
          await pause(20)
        }
      }
      return needing
    },
    async setAside() {
      const { rowCount } = await onLiveConnection(admin, (client) =>
        client.query(`SELECT FROM ${table} WHERE kind LIKE 'set-aside/%'`),
      )
      return rowCount ?? 0
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...workers].map((worker) => worker.kill()))
      await mcp.close()
      await as.close()
      await own.end()
      await onLiveConnection(admin, (client) => client.query(`DROP TABLE ${table}`))
      await admin.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function fleetUser(
  partition: string,
  serverUrl: string,
  store: RecordStore,
  clock: Clock,
): FleetUser {
  const session = createSession(serverUrl, {
    store,
    partition,
    client: { name: 'fault harness' },
    signIn: headlessSignIn(),
    clock,
  })
  return {
    async signIn() {
      await session.signIn({ force: true })
    },
    async read() {
      const { identity } = await session.status()
      if (identity === undefined) return undefined
      const reader = await createTokenManager(identity, {
        store,
        clock,
        exchange: () => Promise.reject(new Error('The parent never refreshes.')),
      })
      return await reader.read()
    },
  }
}

/**
 * Runs work on a connection that answers. After a restart of the database, the pool still has
 * connections that have ended, until it learns of it.
 */
async function onLiveConnection<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const giveUpAt = performance.now() + 30_000
  for (;;) {
    const client = await liveConnection(pool, giveUpAt)
    if (client === undefined) continue
    try {
      return await work(client)
    } finally {
      client.off('error', ignore)
      client.release()
    }
  }
}

function ignore(): void {
  // The next query reports the error.
}

/** @returns `undefined` if the connection did not answer and another one is to be tried. */
async function liveConnection(pool: Pool, giveUpAt: number): Promise<PoolClient | undefined> {
  let client: PoolClient | undefined
  try {
    client = await pool.connect()
    // Without a listener, a connection that breaks would end the process.
    client.on('error', ignore)
    await client.query('SELECT 1')
    return client
  } catch (error) {
    client?.release(true)
    if (performance.now() > giveUpAt) throw error
    await pause(50)
    return undefined
  }
}

function isLive(as: ScriptedAuthorizationServer, { tokenSet }: Grant): boolean {
  const token = tokenSet?.refreshToken
  return as
    .grants()
    .some(({ id }) => token !== undefined && as.liveRefreshTokens(id).includes(token))
}

function withoutTokens(grant: Grant | undefined): unknown {
  return { state: grant?.state, pending: grant?.pending, ended: grant?.ended }
}
