import { execFileSync } from 'node:child_process'
import type { ChildProcess, ExecFileSyncOptions } from 'node:child_process'
import { chownSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findDatabaseProgram, freePorts, isRoot, postgresUser } from '@evergrant/test-kit'
import { startNetworkLine } from '../stores/network-line.ts'
import { eventually, required, serverProcesses } from './server-processes.ts'

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
  if (findDatabaseProgram('initdb') === undefined) return 'PostgreSQL: initdb is not installed'
  if (isRoot() && postgresUser() === undefined) {
    return 'PostgreSQL: it does not run as root, and the user `postgres` does not exist'
  }
  return undefined
}

/** Starts a primary, its replica and, if it is installed, PgBouncer, on loopback. */
export async function startPostgresCluster(): Promise<PostgresCluster> {
  const user = isRoot() ? postgresUser() : undefined
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-cluster-'))
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const [primaryPort = 0, replicaPort = 0, poolerPort = 0] = await freePorts(3)
  const ports = { primary: primaryPort, replica: replicaPort, pooler: poolerPort }
  const data = { primary: path.join(folder, 'primary'), replica: path.join(folder, 'replica') }
  const options = { ...user, cwd: folder }
  const quiet: ExecFileSyncOptions = { ...options, stdio: ['ignore', 'pipe', 'pipe'] }
  const servers = serverProcesses(options)

  async function startPostgres(which: 'primary' | 'replica'): Promise<ChildProcess> {
    const port = String(ports[which])
    const settings = [
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${folder}`,
      // Servers fail here, the machine does not.
      'fsync=off',
    ]
    const flags = settings.flatMap((setting) => ['-c', setting])
    const server = await servers.start(
      'postgres',
      ['-D', data[which], '-p', port, ...flags],
      ports[which],
    )
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
  if (findDatabaseProgram('pgbouncer') !== undefined) {
    const settings = path.join(folder, 'pgbouncer.ini')
    await writeFile(settings, poolerSettings(new URL(line.url).port, ports.pooler), { mode: 0o644 })
    await servers.start('pgbouncer', [settings], ports.pooler)
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

  return {
    url: line.url,
    pooledUrl,
    async restart() {
      // Fast shutdown: the server closes its connections.
      await servers.stop(primary, 'SIGINT')
      primary = await startPostgres('primary')
    },
    async failOver() {
      // Immediate shutdown: as if the machine had failed.
      await servers.stop(primary, 'SIGQUIT')
      psql(ports.replica, 'SELECT pg_promote()')
      // A promoted server waits for no replica of its own.
      psql(ports.replica, "ALTER SYSTEM SET synchronous_standby_names = ''")
      psql(ports.replica, 'SELECT pg_reload_conf()')
      line.redirect(address(ports.replica))
    },
    async [Symbol.asyncDispose]() {
      await line.close()
      await servers.stopAll()
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
