import { reportNotRun } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { refreshBeforeExpiry } from '../src/refresh-worker/throughput.ts'

const databaseUrl = process.env['EVERGRANT_TEST_POSTGRES_URL']
const suite = 'refresh workers over PostgreSQL'

if (databaseUrl === undefined) {
  reportNotRun(suite, 'PostgreSQL: EVERGRANT_TEST_POSTGRES_URL is not set')
}

test.runIf(databaseUrl !== undefined)(
  `${suite}: four processes refresh each grant once before it expires, with five connections each`,
  { tags: ['C-51', 'C-55'], timeout: 120_000 },
  async () => {
    const { run } = await refreshBeforeExpiry(databaseUrl ?? '', {
      grants: 400,
      workers: 4,
      spanSeconds: 30,
      firstExpiryInSeconds: 30,
      doubleWriteSeconds: 0.1,
    })
    expect(run).toMatchObject({ refreshed: 400, failures: [] })
    expect(run.endpoint).toMatchObject({ answered: 400, late: 0, repeated: 0, unknown: 0 })
    expect(run.mostConnections).toBeLessThanOrEqual(20)
  },
)
