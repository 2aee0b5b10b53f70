import { describe, expect, test } from 'vitest'
import { reportNotRun } from '@evergrant/test-kit'
import { testCounts } from '../src/counts.ts'
import { canSuspend } from '../src/platform.ts'
import { harnessSeed, randomIntegers } from '../src/random.ts'
import { changeDatabase } from '../src/refresh-workers/database-changes.ts'
import { interruptWorkers } from '../src/refresh-workers/interruptions.ts'
import { killNotifyingWorkers } from '../src/refresh-workers/notices.ts'
import { startPostgresCluster, whyNoCluster } from '../src/refresh-workers/postgres-cluster.ts'
import { pgbouncerUrl, serverUrl, whyNotRun } from '../src/stores/store-kind.ts'

const notRun = whyNotRun('postgres')
const noCluster = whyNoCluster()
if (notRun !== undefined) reportNotRun('refresh workers killed', notRun)
if (pgbouncerUrl === undefined) {
  reportNotRun(
    'refresh workers behind PgBouncer',
    'PgBouncer: EVERGRANT_TEST_PGBOUNCER_URL is not set',
  )
}
if (noCluster !== undefined) reportNotRun('database restarted and switched over', noCluster)

const timeout = 1_800_000

test.runIf(notRun === undefined)(
  'refresh worker killed at any step after the server ended a grant: the host receives the notice',
  { tags: ['C-53'], timeout },
  async () => {
    const reports = await killNotifyingWorkers({ url: serverUrl('postgres').href })
    expect(reports).not.toHaveLength(0)
    for (const report of reports) {
      expect(report).toMatchObject({ events: 1 })
      expect(report.deliveries).toBeGreaterThanOrEqual(1)
    }
  },
)

for (const pooled of [false, true]) {
  const where = pooled ? ', behind PgBouncer' : ''

  describe.runIf(notRun === undefined && (!pooled || pgbouncerUrl !== undefined))(
    `refresh workers${where}`,
    () => {
      const counts = testCounts('postgres')
      const interruptions = () => {
        const adminUrl = serverUrl('postgres').href
        return {
          url: pooled ? (pgbouncerUrl ?? adminUrl) : adminUrl,
          adminUrl,
          kills: counts.workerKills,
          stops: canSuspend ? counts.workerStops : 0,
          random: randomIntegers(harnessSeed),
        }
      }

      test(
        `refresh worker killed or suspended at any step, server with grace${where}: no sign-in is lost`,
        { tags: ['C-51', 'C-52', 'C-55'], timeout },
        async () => {
          const seen = await interruptWorkers({ ...interruptions(), graceSeconds: 60 })
          expect(seen).toMatchObject({ forcedSignIns: [], setAside: 0 })
        },
      )

      test(
        `refresh worker killed or suspended at any step, server without grace${where}: only kills between commit and save cost a sign-in`,
        { tags: ['C-51', 'C-52', 'C-55'], timeout },
        async () => {
          const seen = await interruptWorkers({ ...interruptions(), graceSeconds: 0 })
          expect(seen).toMatchObject({ forcedSignIns: seen.lossyKills, setAside: 0 })
          expect(seen.lossyKills).not.toHaveLength(0)
        },
      )
    },
  )

  describe.runIf(noCluster === undefined)(`database of refresh workers${where}`, () => {
    test(
      `database restarts and fails over during requests, server without grace${where}: every grant is refreshed once`,
      { tags: ['C-51', 'C-52', 'C-55'], timeout },
      async ({ skip }) => {
        await using cluster = await startPostgresCluster()
        if (pooled && cluster.pooledUrl === undefined) skip('PgBouncer is not installed')
        for (const change of ['restart', 'failOver'] as const) {
          const seen = await changeDatabase(cluster, change, pooled)
          expect(seen).toMatchObject({
            forcedSignIns: 0,
            refreshRequests: seen.users,
            setAside: 0,
          })
        }
      },
    )
  })
}
