import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createClient, createCluster } from 'redis'
import { freePorts } from '@evergrant/test-kit'
import type { RedisScripting } from '../../src/stores/redis.ts'

const slots = 16_384

/** A cluster of Redis servers on this machine. */
export interface TestRedisCluster {
  readonly client: RedisScripting
  /** How many keys each server has. */
  keys(): Promise<readonly number[]>
  flush(): Promise<void>
  close(): Promise<void>
}

/** Whether a Redis server is installed that has the options of {@link startRedisCluster}. */
export function canStartRedis(): boolean {
  try {
    const version = execFileSync('redis-server', ['--version'], { encoding: 'utf8' })
    return Number(/v=(\d+)/.exec(version)?.[1]) >= 7
  } catch {
    return false
  }
}

/** Starts three servers that share the slots of a cluster. */
export async function startRedisCluster(): Promise<TestRedisCluster> {
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-redis-cluster-'))
  const ports = await freePorts(6)
  const servers = [0, 1, 2].map((number) => startServer(folder, ports.slice(number * 2)))
  const clients = await Promise.all(
    servers.map(async ({ url }) => {
      const client = createClient({ url, socket: { reconnectStrategy: 50 } })
      client.on('error', () => undefined)
      return await client.connect()
    }),
  )
  await Promise.all(
    clients.map(async (client, number) => {
      const [first, next] = [number, number + 1].map((part) => Math.floor((part * slots) / 3))
      const range = [String(first), String((next ?? slots) - 1)]
      await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', ...range])
    }),
  )
  const [port = 0, busPort = 0] = ports
  for (const client of clients.slice(1)) {
    const address = ['127.0.0.1', String(port), String(busPort)]
    await client.sendCommand(['CLUSTER', 'MEET', ...address])
  }
  for (const client of clients) await becomesReady(client)
  const cluster = createCluster({ rootNodes: servers.map(({ url }) => ({ url })) })
  cluster.on('error', () => undefined)
  await cluster.connect()
  return {
    client: cluster,
    keys: () => Promise.all(clients.map((client) => client.dbSize())),
    async flush() {
      await Promise.all(clients.map((client) => client.flushAll()))
    },
    async close() {
      cluster.destroy()
      for (const client of clients) client.destroy()
      await Promise.all(servers.map((server) => server.stop()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function startServer(
  folder: string,
  [port = 0, busPort = 0]: readonly number[],
): { readonly url: string; stop(): Promise<void> } {
  const options = { port, 'cluster-port': busPort, 'cluster-enabled': 'yes', bind: '127.0.0.1' }
  const files = { dir: folder, 'cluster-config-file': `nodes-${port}.conf`, save: '' }
  const settings = Object.entries({ ...options, ...files })
  const server = spawn(
    'redis-server',
    settings.flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve())
    server.once('error', () => resolve())
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      server.kill('SIGKILL')
      await ended
    },
  }
}

/** The servers exchange their slots in the background. */
async function becomesReady(client: {
  sendCommand(command: string[]): Promise<unknown>
}): Promise<void> {
  for (;;) {
    const info = String(await client.sendCommand(['CLUSTER', 'INFO']))
    if (info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')) return
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
}
