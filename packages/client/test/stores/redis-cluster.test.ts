import { randomBytes } from 'node:crypto'
import { reportNotRun } from '@evergrant/test-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RecordName } from '../../src/index.ts'
import { storeContract } from '../../src/stores/contract.ts'
import { reencryptRecords } from '../../src/stores/key-rotation.ts'
import { redisStore } from '../../src/stores/redis.ts'
import type { TestRedisCluster } from '../support/redis-cluster.ts'
import { canStartRedis, startRedisCluster } from '../support/redis-cluster.ts'
import { redisUrl } from '../support/shared-stores.ts'

const isPossible = redisUrl !== undefined && canStartRedis()
if (!isPossible) reportNotRun('Redis store: cluster', 'redis-server 7 or later on PATH')

describe.runIf(isPossible)('Redis store: cluster', () => {
  const [key, newKey] = [randomBytes(32), randomBytes(32)]
  let cluster: TestRedisCluster | undefined
  beforeAll(async () => {
    cluster = await startRedisCluster()
  }, 60_000)
  afterAll(() => cluster?.close())

  function running(): TestRedisCluster {
    if (cluster === undefined) throw new Error('The cluster did not start.')
    return cluster
  }

  const subject = {
    reset: () => running().flush(),
    open: async () => redisStore(running().client, { key }),
  }
  test.for(storeContract(subject))('$name', ({ run }) => expect(run()).resolves.toBeUndefined())

  test(
    'redis store: grants of all servers of a cluster are claimed and re-encrypted',
    { tags: ['C-52', 'C-55'] },
    async () => {
      await running().flush()
      const store = redisStore(running().client, { key })
      const names = Array.from({ length: 512 }, (_, index): RecordName => {
        const shard = (index % 256).toString(16).padStart(2, '0')
        return { kind: 'grant', id: shard + index.toString(16).padStart(62, '0') }
      })
      await Promise.all(names.map((name) => store.write(name, '1', 0, 0)))
      for (const keys of await running().keys()) expect(keys).toBeGreaterThan(0)
      const updated = redisStore(running().client, { key: [newKey, key] })
      const result = await reencryptRecords(updated, { recordsPerSecond: 1_000_000 })
      expect(result).toMatchObject({ reencrypted: names.length, complete: true })
      const { grants } = await redisStore(running().client, { key: newKey }).due.claim({
        limit: 1000,
        claimSeconds: 60,
      })
      expect(new Set(grants.map(({ id }) => id)).size).toBe(names.length)
      expect(grants.every(({ record }) => record?.body === '1')).toBe(true)
    },
  )
})
