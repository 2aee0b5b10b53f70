/**
 * Runs a command with a temporary PostgreSQL, a temporary Redis and a temporary PgBouncer.
 *
 *     node scripts/test-services.ts [--require] -- pnpm --filter @evergrant/client test
 *
 * Starts the installed servers (`postgres` with `initdb`, `redis-server`, and `pgbouncer` in front of
 * PostgreSQL) on free loopback ports, and removes their data folders afterwards. Sets
 * EVERGRANT_TEST_POSTGRES_URL, EVERGRANT_TEST_REDIS_URL and EVERGRANT_TEST_PGBOUNCER_URL for the
 * command, unless they are set. If a server is missing, the command runs without it and the output
 * names it; with `--require`, that is a failure. The exit code is the command's.
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants as osConstants, tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import {
  acceptsConnections,
  findDatabaseProgram,
  isRoot,
  postgresUser,
} from '../packages/test-kit/src/database-programs.ts'
import { freePort } from '../packages/test-kit/src/free-ports.ts'

/** A server that this script started. */
interface Service {
  readonly url: string
  stop(): Promise<void>
}

const startTimeoutMilliseconds = 120_000
const separator = process.argv.indexOf('--')
const own = process.argv.slice(2, separator < 0 ? undefined : separator)
const command = separator < 0 ? [] : process.argv.slice(separator + 1)
const required = own.includes('--require')

if (command.length === 0 || own.some((argument) => argument !== '--require')) {
  process.stderr.write('Usage: node scripts/test-services.ts [--require] -- command …\n')
  process.exit(2)
}

const services: Service[] = []
/** The output of each server, for the message if it does not start. */
const serverLog = new Map<ChildProcess, string>()
process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const environment = { ...process.env }
    const missing: string[] = []
    for (const [variable, start] of [
      ['EVERGRANT_TEST_POSTGRES_URL', startPostgres],
      ['EVERGRANT_TEST_REDIS_URL', startRedis],
      ['EVERGRANT_TEST_PGBOUNCER_URL', startPgbouncer],
    ] as const) {
      if (environment[variable] !== undefined) continue
      const service = await start(environment)
      if (typeof service === 'string') missing.push(`${variable} is not set: ${service}`)
      else {
        services.push(service)
        environment[variable] = service.url
      }
    }
    for (const line of missing) process.stderr.write(`test-services: ${line}\n`)
    if (required && missing.length > 0) return 1
    return await run(environment)
  } finally {
    await Promise.all(services.map((service) => service.stop()))
  }
}

async function run(environment: NodeJS.ProcessEnv): Promise<number> {
  const [program = '', ...programArguments] = command
  // On Windows `pnpm` is a .cmd file, which only a shell starts.
  const child = spawn(program, programArguments, {
    stdio: 'inherit',
    env: environment,
    shell: process.platform === 'win32',
  })
  // The terminal sends Ctrl-C to the command too. Stay alive to stop the servers.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => child.kill(signal))
  }
  return await new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`test-services: ${program} cannot be started: ${error.message}\n`)
      resolve(127)
    })
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : osConstants.signals[signal])),
    )
  })
}

/** Starts PostgreSQL, or returns the reason why it cannot. */
async function startPostgres(): Promise<Service | string> {
  const initdb = findDatabaseProgram('initdb')
  const postgres = findDatabaseProgram('postgres')
  if (initdb === undefined || postgres === undefined) {
    return 'PostgreSQL is not installed (Debian: apt-get install postgresql; macOS: brew install postgresql).'
  }
  // PostgreSQL refuses to run as root. Use the user that its package creates.
  const user = isRoot() ? postgresUser() : undefined
  if (isRoot() && user === undefined) {
    return 'PostgreSQL does not run as root, and the user `postgres` does not exist.'
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'evergrant-postgres-'))
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const data = path.join(folder, 'data')
  const port = await freePort()
  const options = { ...user, cwd: folder }
  execFileSync(
    initdb,
    ['-D', data, '-U', 'evergrant', '--auth=trust', '--encoding=UTF8', '--no-sync'],
    { ...options, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const server = spawn(
    postgres,
    ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-k', folder].concat([
      // Test files run in parallel, each with several pools.
      '-c',
      'max_connections=200',
    ]),
    { ...options, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  return await running('PostgreSQL', server, folder, port, {
    url: `postgres://evergrant@127.0.0.1:${port}/postgres`,
    // Fast shutdown: does not wait for clients to disconnect.
    signal: 'SIGINT',
    ready: () => serverLog.get(server)?.includes('ready to accept connections') === true,
  })
}

/** Starts PgBouncer in front of PostgreSQL, or returns the reason why it cannot. */
async function startPgbouncer(environment: NodeJS.ProcessEnv): Promise<Service | string> {
  const pgbouncer = findDatabaseProgram('pgbouncer')
  if (pgbouncer === undefined) {
    return 'PgBouncer is not installed (Debian: apt-get install pgbouncer; macOS: brew install pgbouncer).'
  }
  const postgres = environment['EVERGRANT_TEST_POSTGRES_URL']
  if (postgres === undefined) return 'PgBouncer requires PostgreSQL.'
  // PgBouncer refuses to run as root, too.
  const user = isRoot() ? postgresUser() : undefined
  const { hostname, port: postgresPort, username, pathname } = new URL(postgres)
  const folder = mkdtempSync(path.join(tmpdir(), 'evergrant-pgbouncer-'))
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const port = await freePort()
  const settings = path.join(folder, 'pgbouncer.ini')
  writeFileSync(
    settings,
    `[databases]
* = host=${hostname} port=${postgresPort || 5432} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 40
max_client_conn = 1000
`,
    { mode: 0o644 },
  )
  const server = spawn(pgbouncer, [settings], {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return await running('PgBouncer', server, folder, port, {
    url: `postgres://${username}@127.0.0.1:${port}${pathname}`,
    // Does not wait for clients to disconnect. Newer versions wait after SIGTERM.
    signal: 'SIGQUIT',
    ready: () => serverLog.get(server)?.includes('process up') === true,
  })
}

/** Starts Redis, or returns the reason why it cannot. */
async function startRedis(): Promise<Service | string> {
  const redis = findDatabaseProgram('redis-server') ?? findDatabaseProgram('valkey-server')
  if (redis === undefined) {
    return 'Redis is not installed (Debian: apt-get install redis-server; macOS: brew install redis).'
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'evergrant-redis-'))
  const port = await freePort()
  const server = spawn(
    redis,
    // A store of grants needs every write on disk before the response.
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''].concat([
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
    ]),
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  return await running('Redis', server, folder, port, {
    url: `redis://127.0.0.1:${port}`,
    signal: 'SIGTERM',
    ready: () => serverLog.get(server)?.includes('Ready to accept connections') === true,
  })
}

async function running(
  name: string,
  server: ChildProcess,
  folder: string,
  port: number,
  start: { readonly url: string; readonly signal: NodeJS.Signals; readonly ready: () => boolean },
): Promise<Service> {
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve())
    server.once('error', () => resolve())
  })
  const service: Service = {
    url: start.url,
    async stop() {
      if (server.exitCode === null && server.signalCode === null) server.kill(start.signal)
      await ended
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  const giveUpAt = performance.now() + startTimeoutMilliseconds
  for (const stream of [server.stdout, server.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      // Keep only the beginning, but read everything: a full pipe would stop the server.
      const log = serverLog.get(server) ?? ''
      if (log.length < 20_000) serverLog.set(server, log + chunk.toString())
    })
  }
  while (!start.ready() || !(await acceptsConnections(port))) {
    if (server.exitCode !== null || performance.now() > giveUpAt) {
      await service.stop()
      throw new Error(`${name} did not start:\n${serverLog.get(server) ?? 'It printed nothing.'}`)
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
  process.stderr.write(`test-services: ${name} runs at ${start.url}\n`)
  return service
}
