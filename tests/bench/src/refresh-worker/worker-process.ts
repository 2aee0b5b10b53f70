/** One refresh worker over the PostgreSQL of the benchmark, as a program. */
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createRefreshWorker } from '@evergrant/client/refresh-worker'
import type { RefreshWorkerStats } from '@evergrant/client/refresh-worker'
import { postgresStore } from '@evergrant/client/stores/postgres'
import { Pool } from 'pg'

/** How the worker runs. */
export interface WorkerSettings {
  readonly databaseUrl: string
  readonly table: string
  /** In base64. Several keys are separated by commas, the newest first. */
  readonly key: string
  readonly poolSize: number
  readonly maximumConcurrentRefreshes: number
  readonly maximumInFlight: number
  /** Answer refresh requests in this process, at once. */
  readonly answersItself: boolean
}

/** What the worker reports on request. */
export interface WorkerReport {
  readonly stats: RefreshWorkerStats
  readonly residentBytes: number
  readonly heapBytes: number
  readonly processorSeconds: number
  /** From its start to its first refresh; absent before. */
  readonly firstRefreshMilliseconds?: number | undefined
  readonly failures: readonly string[]
}

const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings
const pool = new Pool({
  connectionString: settings.databaseUrl,
  max: settings.poolSize,
  application_name: 'evergrant-bench-worker',
})
pool.on('error', () => undefined)
const store = postgresStore(pool, {
  key: settings.key.split(',').map((key) => Buffer.from(key, 'base64')),
  table: settings.table,
})
const failures: string[] = []
let startedAt = performance.now()
let firstRefreshMilliseconds: number | undefined
let answers = 0

async function answerHere(): Promise<Response> {
  answers += 1
  return Response.json({
    access_token: `access-${answers}-`.padEnd(800, 'x'),
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: `rotated-${answers}-`.padEnd(120, 'r'),
  })
}

const worker = createRefreshWorker(store, {
  maximumConcurrentRefreshes: settings.maximumConcurrentRefreshes,
  maximumInFlight: settings.maximumInFlight,
  ...(settings.answersItself ? { fetch: answerHere } : {}),
  observe(event) {
    if (event.type === 'refresh-succeeded') {
      firstRefreshMilliseconds ??= performance.now() - startedAt
    }
    if (event.type === 'refresh-worker-failed' && failures.length < 5) {
      failures.push(String(event.error))
    }
  },
})

async function obey(command: unknown): Promise<void> {
  if (command === 'start') {
    startedAt = performance.now()
    await worker.start()
  }
  if (command === 'stop') {
    await worker.stop()
    await store.close()
    await pool.end()
  }
  if (command === 'report after a collection') collectGarbage()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  const report: WorkerReport = {
    stats: worker.stats(),
    residentBytes: rss,
    heapBytes: heapUsed,
    processorSeconds: (user + system) / 1e6,
    firstRefreshMilliseconds,
    failures,
  }
  process.send?.(report)
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('V8 shows no garbage collector.')
  collect()
}

process.on('message', (command) => {
  obey(command).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`)
    process.exit(1)
  })
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
