import { randomBytes } from 'node:crypto'
import { createClient } from 'redis'
import { startNetworkLine } from './network-line.ts'
import type { NetworkLine } from './network-line.ts'
import type { BackendOptions, StoreBackend } from './store-backend.ts'
import { leaseMilliseconds, serverUrl } from './store-kind.ts'

/** The backend of the Redis store: a new key prefix, and a Redis user limited to that prefix. */
export async function redisBackend(options: BackendOptions): Promise<StoreBackend> {
  const { keyFile, storeTimeoutMilliseconds: requestTimeoutMilliseconds } = options
  const name = `evergrant-faults-${randomBytes(6).toString('hex')}`
  const keyPrefix = `${name}:`
  const admin = createClient({ url: serverUrl('redis').href })
  admin.on('error', () => undefined)
  await admin.connect()
  const password = randomBytes(16).toString('hex')
  await rights('reset', 'on', `>${password}`, `~${keyPrefix}*`, '+@all')
  const target = serverUrl('redis')
  target.username = name
  target.password = password
  const lines: NetworkLine[] = []

  async function rights(...rules: string[]): Promise<void> {
    await admin.sendCommand(['ACL', 'SETUSER', name, ...rules])
  }

  async function keys(part: string): Promise<string[]> {
    const found: string[] = []
    for await (const page of admin.scanIterator({ MATCH: `${keyPrefix}*${part}*`, COUNT: 500 })) {
      found.push(...page)
    }
    return found
  }

  return {
    async reach() {
      const line = await startNetworkLine(target, 6379)
      lines.push(line)
      return {
        description: {
          kind: 'redis',
          url: line.url,
          keyPrefix,
          leaseMilliseconds,
          keyFile,
          ...(requestTimeoutMilliseconds === undefined ? {} : { requestTimeoutMilliseconds }),
        },
        line,
      }
    },
    async age(seconds) {
      for (const key of await keys(':record:')) {
        await admin.hIncrBy(key, 'writtenAt', -Math.round(seconds * 1e6))
      }
    },
    setAside: async () => (await keys(':set-aside:')).length,
    leftoversAfterSweep: () => Promise.resolve({ before: 0, after: 0 }),
    refuseWrites: (refused) => rights(refused ? '-hset' : '+hset'),
    async close() {
      await Promise.all(lines.map((line) => line.close()))
      const found = await keys('')
      if (found.length > 0) await admin.del(found)
      await admin.sendCommand(['ACL', 'DELUSER', name])
      admin.destroy()
    },
  }
}
