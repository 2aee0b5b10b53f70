import { startServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { workerHealth } from '../src/operations/health.ts'
import { createMetrics } from '../src/operations/metrics.ts'
import { startOperationsServer } from '../src/operations/operations-server.ts'

function health() {
  const state = { now: 0, askedAt: 0, answeredAt: 0, running: true, stopping: false }
  return {
    state,
    health: workerHealth({
      activity: state,
      isRunning: () => state.running,
      isStopping: () => state.stopping,
      now: () => state.now,
    }),
  }
}

test('health: a worker is ready while the store answers, and alive while it asks the store', () => {
  const { state, health: it } = health()
  expect([it.isAlive(), it.isReady()]).toEqual([true, true])
  // The store does not answer, and the loop goes on.
  Object.assign(state, { now: 300_000, askedAt: 299_000 })
  expect([it.isAlive(), it.isReady()]).toEqual([true, false])
  Object.assign(state, { answeredAt: 299_500 })
  expect([it.isAlive(), it.isReady()]).toEqual([true, true])
  // The loop stands still.
  Object.assign(state, { now: 600_000 })
  expect([it.isAlive(), it.isReady()]).toEqual([false, false])
})

test('health: a worker that starts or stops is alive and not ready', () => {
  const { state, health: it } = health()
  Object.assign(state, { running: false, now: 600_000 })
  expect([it.isAlive(), it.isReady()]).toEqual([true, false])
  Object.assign(state, { running: true, stopping: true, now: 0 })
  expect([it.isAlive(), it.isReady()]).toEqual([true, false])
})

test('operations: serves three paths for GET and HEAD, and the value NaN', async () => {
  const { health: it } = health()
  const metrics = createMetrics()
  metrics.meter
    .createObservableGauge('evergrant.client.grants.due')
    .addCallback((result) => result.observe(Number.NaN))
  const server = await startOperationsServer({ host: '127.0.0.1', port: 0 }, it, metrics)
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`${server.url}${path}`, { method })
    return { status: response.status, text: await response.text() }
  }
  expect(await ask('/healthz?from=probe')).toEqual({ status: 200, text: 'ok\n' })
  expect(await ask('/readyz', 'HEAD')).toEqual({ status: 200, text: '' })
  const { text } = await ask('/metrics')
  expect(text).toMatch(/^evergrant_client_grants_due\{[^}]*\} NaN/m)
  expect(text).toMatch(/^process_memory_usage\{[^}]*\} \d{7,}/m)
  expect(text).toContain('service_name="evergrant-worker"')
  expect(await ask('/metrics', 'POST')).toMatchObject({ status: 405 })
  expect(await ask('/')).toMatchObject({ status: 404 })
  await server.close()
  await metrics.close()
})

test('operations: an address in use is an error that names the address', async () => {
  await using taken = await startServer(() => undefined)
  const { health: it } = health()
  const metrics = createMetrics()
  const address = { host: '127.0.0.1', port: taken.port }
  await expect(startOperationsServer(address, it, metrics)).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining(`127.0.0.1:${taken.port} (EADDRINUSE)`),
  })
  await metrics.close()
})
