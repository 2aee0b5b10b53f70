import { expect, test } from 'vitest'
import type { ClientEvent } from '../../src/index.ts'
import { openTelemetryObserver, refreshWorkerGauges } from '../../src/opentelemetry.ts'
import type { RefreshWorkerStats } from '../../src/refresh-worker.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'
import { measuredMetrics } from '../support/telemetry.ts'

const issuer = 'https://as.example'
const idle: RefreshWorkerStats = {
  running: true,
  inFlight: 0,
  refreshed: 0,
  adopted: 0,
  postponed: 0,
  notified: 0,
  servers: [],
}

test('OpenTelemetry: gauges show the backlog of the store and the work of a worker', async () => {
  const { meter, points } = measuredMetrics()
  let stats: RefreshWorkerStats = {
    ...idle,
    inFlight: 4,
    servers: [{ issuer, refreshing: 3, waiting: 17 }],
  }
  let backlog = { grants: 120, lateSeconds: 9.5 }
  refreshWorkerGauges({ stats: () => stats, backlog: () => Promise.resolve(backlog) }, { meter })
  expect(await points('evergrant.client.grants.due')).toEqual([[{}, 120]])
  expect(await points('evergrant.client.grants.due.late')).toEqual([[{}, 9.5]])
  expect(await points('evergrant.client.refresh_worker.store_available')).toEqual([[{}, 1]])
  expect(await points('evergrant.client.refresh_worker.in_flight')).toEqual([[{}, 4]])
  expect(await points('evergrant.client.refresh_worker.refreshing')).toEqual([[{}, 3]])
  expect(await points('evergrant.client.refresh_worker.waiting')).toEqual([[{}, 17]])
  // A server without work is no longer among the statistics.
  stats = idle
  backlog = { grants: 0, lateSeconds: 0 }
  expect(await points('evergrant.client.grants.due')).toEqual([[{}, 0]])
  expect(await points('evergrant.client.refresh_worker.refreshing')).toEqual([[{}, 0]])
  expect(await points('evergrant.client.refresh_worker.waiting')).toEqual([[{}, 0]])
})

test('OpenTelemetry: gauges of a stopped measurement no longer read the worker', async () => {
  const { meter, points } = measuredMetrics()
  let asked = 0
  const gauges = refreshWorkerGauges(
    {
      stats: () => idle,
      backlog() {
        asked += 1
        return Promise.resolve({ grants: 0, lateSeconds: 0 })
      },
    },
    { meter },
  )
  await points('evergrant.client.grants.due')
  gauges.stop()
  gauges.stop()
  await points('evergrant.client.grants.due')
  expect(asked).toBe(1)
})

test('OpenTelemetry: while the store fails or hangs, the backlog is not a number, and the store is asked once at a time', async () => {
  const { meter, read } = measuredMetrics()
  const answers = [
    () => Promise.resolve({ grants: 7, lateSeconds: 1 }),
    () => Promise.reject(new Error('the database is down')),
    () => new Promise<never>(() => {}),
  ]
  let asked = 0
  const gauges = {
    stats: () => ({ ...idle, inFlight: 2 }),
    backlog() {
      const answer = answers[asked]
      asked += 1
      return answer?.() ?? Promise.reject(new Error('asked again'))
    },
  }
  refreshWorkerGauges(gauges, { meter })
  expect((await read())('evergrant.client.grants.due')).toEqual([[{}, 7]])
  for (const _situation of ['it fails', 'it hangs', 'it still hangs']) {
    const points = await read()
    expect(points('evergrant.client.grants.due')).toEqual([[{}, Number.NaN]])
    expect(points('evergrant.client.refresh_worker.store_available')).toEqual([[{}, 0]])
    expect(points('evergrant.client.refresh_worker.in_flight')).toEqual([[{}, 2]])
  }
  expect(asked).toBe(3)
})

test('OpenTelemetry: notices, claims, pauses and failures of a worker are counted', async () => {
  const { meter, points } = measuredMetrics()
  const observe = openTelemetryObserver({ meter })
  observe({ type: 'refresh-worker-claimed', grants: 64, lateSeconds: 0 })
  observe({ type: 'refresh-worker-claimed', grants: 3, lateSeconds: 0 })
  observe({ type: 'refresh-worker-notified', issuer, attempt: 2 })
  const error = new Error('status 500')
  const failed = { type: 'refresh-worker-notice-failed', issuer, attempt: 1 } as const
  observe({ ...failed, retryAfterSeconds: 5, error })
  observe({ type: 'refresh-worker-failed', issuer: undefined, error })
  const paused = { type: 'refresh-worker-paused', issuer, untilEpochSeconds: 0 } as const
  observe({ ...paused, because: 'store-unwritable' })
  expect(await points('evergrant.client.refresh_worker.claimed')).toEqual([[{}, 67]])
  expect(await points('evergrant.client.refresh_worker.notices')).toEqual([
    [{ outcome: 'delivered' }, 1],
    [{ outcome: 'failed' }, 1],
  ])
  expect(await points('evergrant.client.refresh_worker.failures')).toEqual([[{}, 1]])
  expect(await points('evergrant.client.refresh_worker.pauses')).toEqual([
    [{ because: 'store-unwritable' }, 1],
  ])
})

test('OpenTelemetry: refusals have the code of the server, and unknown codes share one value', async () => {
  const { meter, points } = measuredMetrics()
  const observe = openTelemetryObserver({ meter })
  const refused = {
    type: 'refresh-failed',
    issuer,
    resource: 'https://mcp.example/mcp',
    clientId: 'client-1',
    attemptId: 'attempt-1',
    reason: 'ahead-of-expiry',
    outcome: 'request-refused',
    oauthError: undefined,
    retryAfterSeconds: undefined,
  } satisfies ClientEvent
  observe({ ...refused, outcome: 'grant-ended', oauthError: 'invalid_grant' })
  for (let user = 1; user <= 5000; user += 1) observe({ ...refused, oauthError: `no_${user}` })
  observe({ ...refused, outcome: 'transient' })
  expect(await points('evergrant.client.refreshes.refused')).toEqual([
    [{ outcome: 'grant-ended', oauthError: 'invalid_grant' }, 1],
    [{ outcome: 'request-refused', oauthError: 'other' }, 5000],
    [{ outcome: 'transient', oauthError: 'none' }, 1],
  ])
})

test('OpenTelemetry: how late a refresh was counts from the expiry of the old token to the save', async () => {
  await using it = await manyGrants()
  await it.signIn('user-1')
  const { meter, points } = measuredMetrics()
  const observe = openTelemetryObserver({ meter })
  const worker = createRefreshWorker(it.store, { clock: it.clock, observe, random: () => 0 })
  await worker.start()
  const late = async () => await points('evergrant.client.refresh.late')
  it.clock.advanceSeconds(lifetimeSeconds - 7)
  await worker.whenIdle()
  // In time, so the first bucket has it.
  expect(await late()).toEqual([[{}, expect.objectContaining({ count: 1, sum: 0 })]])
  it.clock.advanceSeconds(lifetimeSeconds + 90)
  await worker.whenIdle()
  expect(await late()).toEqual([[{}, expect.objectContaining({ count: 2, sum: 90 })]])
  await worker.stop()
})
