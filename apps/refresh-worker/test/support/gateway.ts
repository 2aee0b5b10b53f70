import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { RecordStore, Session } from '@evergrant/client'
import { createSession } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import type {
  ProtectedServer,
  ScriptedAuthorizationServer,
  ScriptedAuthorizationServerOptions,
} from '@evergrant/test-kit'
import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { DatabaseKind, TestDatabase } from './databases.ts'
import type { Program } from './program.ts'
import { startProgram } from './program.ts'

/** A gateway with a database, an MCP server and its authorization server. */
export interface Gateway extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly server: ProtectedServer
  readonly database: TestDatabase
  readonly folder: string
  /** The options that a worker needs. */
  readonly env: Readonly<Record<string, string>>
  /** Signs a user of the gateway in. */
  signIn(user: string): Promise<Session>
  /** Starts a worker as a process. It is ended after the test. */
  worker(env?: Readonly<Record<string, string>>, args?: readonly string[]): Program
}

/** How old the tokens of a sign-in are. A worker refreshes no tokens that are younger than 10 s. */
const ageSeconds = 3600

export async function gateway(
  kind: DatabaseKind,
  options: ScriptedAuthorizationServerOptions = {},
): Promise<Gateway> {
  const key = randomBytes(32)
  const as = await startScriptedAuthorizationServer({
    accessTokenLifetimeSeconds: ageSeconds + 1,
    ...options,
  })
  const server = await startProtectedServer(as)
  const database = await kind.open(key)
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-worker-'))
  await writeFile(path.join(folder, 'store.key'), key.toString('base64'))
  const env = {
    ...database.env,
    EVERGRANT_WORKER_KEY_FILE: path.join(folder, 'store.key'),
    EVERGRANT_WORKER_ALLOW_PRIVATE_NETWORK: 'true',
    EVERGRANT_WORKER_LISTEN: '127.0.0.1:0',
  }
  const programs: Program[] = []
  return {
    as,
    server,
    database,
    folder,
    env,
    async signIn(user) {
      const session = createSession(server.resource, {
        store: withOldTokens(database.store),
        partition: user,
        client: { name: 'Test gateway' },
        signIn: headlessSignIn(),
      })
      await session.signIn()
      return session
    },
    worker(more = {}, args = ['run']) {
      const program = startProgram(args, { ...env, ...more })
      programs.push(program)
      return program
    },
    async [Symbol.asyncDispose]() {
      for (const program of programs) program.process.kill('SIGKILL')
      await Promise.all(programs.map((program) => program.ended))
      await database[Symbol.asyncDispose]()
      await server.close()
      await as.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Makes the tokens that are saved an hour old, so that they are due now. */
function withOldTokens(store: RecordStore): RecordStore {
  return {
    ...store,
    write(name, body, generation, dueInSeconds) {
      if (name.kind !== 'grant') return store.write(name, body, generation, dueInSeconds)
      const old = body.replaceAll(
        /("(?:issued|expires)AtEpochSeconds":)([\d.]+)/g,
        (_, member: string, time: string) => `${member}${Number(time) - ageSeconds}`,
      )
      return store.write(name, old, generation, 0)
    },
  }
}

/** The text of an endpoint for operators. */
export async function operations(
  program: Program,
  endpoint: 'healthz' | 'readyz' | 'metrics',
): Promise<{ readonly status: number; readonly text: string }> {
  const { url } = await program.logged('started')
  const response = await fetch(`${String(url)}/${endpoint}`)
  return { status: response.status, text: await response.text() }
}

/** The value of a metric, summed over its series. `undefined`: there is no series. */
export function valueOf(metrics: string, name: string, label = ''): number | undefined {
  const series = metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes(label))
    .map((line) => Number(/\} (\S+)/.exec(line)?.[1]))
  return series.length === 0 ? undefined : series.reduce((sum, value) => sum + value, 0)
}
