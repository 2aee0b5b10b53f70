import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess, ExecFileSyncOptions } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chownSync, constants, existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { startNetworkLine } from '../stores/network-line.ts'

/** A PostgreSQL with a synchronous replica, and an address that leads to the primary. */
export interface PostgresCluster extends AsyncDisposable {
  /** The address of the primary. It stays the same after a failover. */
  readonly url: string
  /** The same through PgBouncer in transaction mode, if PgBouncer is installed. */
  readonly pooledUrl: string | undefined
  /** Restarts the primary, which closes all connections. */
  restart(): Promise<void>
  /** Kills the primary, promotes the replica, and leads new connections to it. */
  failOver(): Promise<void>
}

/** Why a cluster cannot be started on this machine, or `undefined`. */
export function whyNoCluster(): string | undefined {
  if (program('initdb') === undefined) return 'PostgreSQL: initdb is not installed'
  if (process.getuid?.() === 0 && serverUser() === undefined) {
    return 'PostgreSQL: it does not run as root, and the user `postgres` does not exist'
  }
  return undefined
}

/** Starts a primary, its replica and, if it is installed, PgBouncer, on loopback. */
export async function startPostgresCluster(): Promise<PostgresCluster> {
  const user = process.getuid?.() === 0 ? serverUser() : undefined
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-cluster-'))
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const ports = { primary: await freePort(), replica: await freePort(), pooler: await freePort() }
  const data = { primary: path.join(folder, 'primary'), replica: path.join(folder, 'replica') }
  const options = { ...user, cwd: folder }
  const quiet: ExecFileSyncOptions = { ...options, stdio: ['ignore', 'pipe', 'pipe'] }
  const running = new Set<ChildProcess>()

  async function start(name: string, parameters: readonly string[], port: number) {
    const child = spawn(required(name), parameters, { ...options, stdio: 'ignore' })
    running.add(child)
    child.once('exit', () => running.delete(child))
    await answering(port, child)
    return child
  }

  async function startPostgres(which: 'primary' | 'replica'): Promise<ChildProcess> {
    const port = String(ports[which])
    const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`]
    const flags = settings.flatMap((setting) => ['-c', setting])
    const server = await start('postgres', ['-D', data[which], '-p', port, ...flags], ports[which])
    await eventually(() => isReady(ports[which]))
    return server
  }

  execFileSync(
    required('initdb'),
    ['-D', data.primary, '-U', 'evergrant', '--auth=trust', '--encoding=UTF8', '--no-sync'],
    quiet,
  )
  let primary = await startPostgres('primary')
  execFileSync(
    required('pg_basebackup'),
    ['-D', data.replica, '-R', '-X', 'stream', '-c', 'fast', '-h', '127.0.0.1']
      .concat(['-p', String(ports.primary), '-U', 'evergrant'])
      .concat(['--no-sync']),
    quiet,
  )
  await startPostgres('replica')
  // Every confirmed commit is on the replica, too.
  psql(ports.primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
  psql(ports.primary, 'SELECT pg_reload_conf()')
  await eventually(
    () => psql(ports.primary, 'SELECT sync_state FROM pg_stat_replication') === 'sync',
  )

  const address = (port: number) => new URL(`postgres://evergrant@127.0.0.1:${port}/postgres`)
  const line = await startNetworkLine(address(ports.primary), ports.primary)
  let pooledUrl: string | undefined
  if (program('pgbouncer') !== undefined) {
    const settings = path.join(folder, 'pgbouncer.ini')
    await writeFile(settings, poolerSettings(new URL(line.url).port, ports.pooler), { mode: 0o644 })
    await start('pgbouncer', [settings], ports.pooler)
    pooledUrl = address(ports.pooler).href
  }

  function psql(port: number, text: string): string {
    const parameters = ['-h', '127.0.0.1', '-p', String(port), '-U', 'evergrant', '-d', 'postgres']
    return execFileSync(required('psql'), [...parameters, '-Atc', text], quiet)
      .toString()
      .trim()
  }

  /** A server that accepts connections can still be starting up. */
  function isReady(port: number): boolean {
    try {
      return psql(port, 'SELECT 1') === '1'
    } catch {
      return false
    }
  }

  async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (!running.has(child)) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  return {
    url: line.url,
    pooledUrl,
    async restart() {
      // Fast shutdown: the server closes its connections.
      await stop(primary, 'SIGINT')
      primary = await startPostgres('primary')
    },
    async failOver() {
      // Immediate shutdown: as if the machine had failed.
      await stop(primary, 'SIGQUIT')
      psql(ports.replica, 'SELECT pg_promote()')
      // A promoted server waits for no replica of its own.
      psql(ports.replica, "ALTER SYSTEM SET synchronous_standby_names = ''")
      psql(ports.replica, 'SELECT pg_reload_conf()')
      line.redirect(address(ports.replica))
    },
    async [Symbol.asyncDispose]() {
      await line.close()
      await Promise.all([...running].map((child) => stop(child, 'SIGQUIT')))
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function poolerSettings(postgresPort: string, port: number): string {
  return `[databases]
* = host=127.0.0.1 port=${postgresPort} user=evergrant
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 20
server_login_retry = 1
`
}

function required(name: string): string {
  const found = program(name)
  if (found === undefined) throw new Error(`The program ${name} is not installed.`)
  return found
}

/** The full path of a program. Debian does not put those of PostgreSQL on PATH. */
function program(name: string): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root)
    ? readdirSync(root).toSorted((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
    : []
  return [
    ...versions.map((version) => path.join(root, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(path.delimiter),
    '/usr/sbin',
  ]
    .map((folder) => path.join(folder, name))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** PostgreSQL and PgBouncer refuse to run as root. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] })),
    )
    return uid === undefined || gid === undefined ? undefined : { uid, gid }
  } catch {
    return undefined
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('No free port is available.')
  return address.port
}

async function answering(port: number, child: ChildProcess): Promise<void> {
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`A database server exited with ${child.exitCode}.`)
    return await accepts(port)
  })
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 60_000
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error('A database server did not get ready.')
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
}
