/**
 * `pnpm demo:worker`: signs users in over a real PostgreSQL, runs two workers as processes, kills one,
 * and prints what happened. `--users N` and `--expiries N` change its size.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process, { stdout } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createSession } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { createPostgresTable, postgresStore } from '@evergrant/client/stores/postgres'
import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { Pool } from 'pg'

const lifetimeSeconds = 20
const giveUpSeconds = 120
const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '100' },
    expiries: { type: 'string', default: '2' },
  },
})
const users = Number(values.users)
const expiries = Number(values.expiries)
const databaseUrl = process.env['EVERGRANT_TEST_POSTGRES_URL']

if (databaseUrl === undefined) {
  process.stderr.write('The demo did not start: it needs PostgreSQL. Run `pnpm demo:worker`.\n')
  process.exitCode = 2
} else process.exitCode = await demo(databaseUrl)

async function demo(url: string): Promise<number> {
  const key = randomBytes(32)
  const table = `worker_demo_${randomBytes(4).toString('hex')}`
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-worker-demo-'))
  const pool = new Pool({ connectionString: url, max: 4 })
  const as = await startScriptedAuthorizationServer({ accessTokenLifetimeSeconds: lifetimeSeconds })
  const server = await startProtectedServer(as)
  const workers: ChildProcess[] = []
  try {
    await writeFile(path.join(folder, 'store.key'), key)
    await createPostgresTable(pool, { table })
    const store = postgresStore(pool, { key, table })
    say(`${users} users sign in. Their access tokens live for ${lifetimeSeconds} seconds.`)
    for (let user = 1; user <= users; user += 1) {
      const session = createSession(server.resource, {
        store,
        partition: `user-${user}`,
        client: { name: 'Demo gateway' },
        signIn: headlessSignIn(),
      })
      await session.signIn()
    }
    await store.close()
    for (const name of ['worker 1', 'worker 2']) {
      workers.push(startWorker(name, { url, table, keyFile: path.join(folder, 'store.key') }))
    }
    for (let expiry = 1; expiry <= expiries; expiry += 1) {
      await refreshesReach(as, users * expiry)
      say(`Expiry ${expiry}: ${as.refreshRequests()} refresh requests so far.`)
      if (expiry === 1 && expiries > 1) {
        say('Worker 1 is killed. Worker 2 continues.')
        workers[0]?.kill('SIGKILL')
      }
    }
    for (const worker of workers) worker.kill('SIGTERM')
    await Promise.all(workers.map(ended))
    return report(as)
  } finally {
    for (const worker of workers) worker.kill('SIGKILL')
    await pool.query(`DROP TABLE IF EXISTS ${table}`)
    await pool.end()
    await server.close()
    await as.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function startWorker(
  name: string,
  {
    url,
    table,
    keyFile,
  }: { readonly url: string; readonly table: string; readonly keyFile: string },
): ChildProcess {
  const worker = spawn(
    process.execPath,
    [path.join(import.meta.dirname, '..', 'dist', 'main.js'), 'run', '--log-format', 'text'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        EVERGRANT_WORKER_DATABASE_URL: url,
        EVERGRANT_WORKER_TABLE: table,
        EVERGRANT_WORKER_KEY_FILE: keyFile,
        EVERGRANT_WORKER_ALLOW_PRIVATE_NETWORK: 'true',
        EVERGRANT_WORKER_LISTEN: '127.0.0.1:0',
      },
    },
  )
  worker.stderr.on('data', (chunk) => {
    for (const line of String(chunk).trimEnd().split('\n')) say(`${name}: ${line}`)
  })
  return worker
}

async function refreshesReach(as: ScriptedAuthorizationServer, count: number): Promise<void> {
  const giveUpAt = performance.now() + giveUpSeconds * 1000
  while (as.count('token', 'refreshed') < count) {
    if (performance.now() > giveUpAt) {
      throw new Error(`Only ${as.count('token', 'refreshed')} of ${count} refreshes were made.`)
    }
    await pause(100)
  }
}

async function ended(worker: ChildProcess): Promise<void> {
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit')
}

function report(as: ScriptedAuthorizationServer): number {
  const requests = as.refreshRequests()
  const alive = as.grants().filter((grant) => grant.alive).length
  const rows: readonly (readonly [string, number, number])[] = [
    ['refresh requests, one for each user and expiry', requests, users * expiries],
    ['users that are still signed in', alive, users],
  ]
  for (const [what, found, expected] of rows) {
    say(`${found === expected ? '✓' : '✗'} ${what.padEnd(48)} ${found}   expected ${expected}`)
  }
  return rows.every(([, found, expected]) => found === expected) ? 0 : 1
}

function say(line: string): void {
  stdout.write(`${line}\n`)
}
