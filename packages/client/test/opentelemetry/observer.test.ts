import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'
import type { RecordStore } from '../../src/index.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { openTelemetryObserver } from '../../src/opentelemetry.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'
import { scene } from '../support/signed-in-session.ts'
import { measuredMetrics } from '../support/telemetry.ts'

function telemetry() {
  const { meter, points } = measuredMetrics()
  const spanExporter = new InMemorySpanExporter()
  const observe = openTelemetryObserver({
    meter,
    tracer: new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(spanExporter)],
    }).getTracer('test'),
  })
  return { observe, points, spans: () => spanExporter.getFinishedSpans() }
}

test('OpenTelemetry: refreshes, sign-ins, failures and waits become metrics and spans', async () => {
  await using it = await scene()
  const { observe, spans, points } = telemetry()
  const session = it.session({ observe, refresh: { maximumWaitSeconds: 0 } })
  await session.signIn()
  it.clock.advanceSeconds(1000)
  it.as.faults.token.push({ kind: 'status', status: 503 })
  await expect(session.getAccessToken()).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
  expect(await points('evergrant.client.authorization_server.available')).toEqual([[{}, 0]])
  await expect(session.getAccessToken()).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
  expect(await points('evergrant.client.authorization_server.available')).toEqual([[{}, 0]])
  it.clock.advanceSeconds(10)
  await session.getAccessToken()

  expect(await points('evergrant.client.sign_ins')).toEqual([[{ refreshToken: 'issued' }, 1]])
  expect(await points('evergrant.client.refreshes')).toEqual([
    [{ outcome: 'transient', reason: 'expired' }, 1],
    [{ outcome: 'succeeded', reason: 'expired' }, 1],
  ])
  expect(await points('evergrant.client.refreshes.deferred')).toEqual([[{ reason: 'expired' }, 1]])
  expect(await points('evergrant.client.authorization_server.available')).toEqual([[{}, 1]])
  expect(spans().map(({ name, status }) => [name, status.code])).toEqual([
    ['evergrant.refresh', 2],
    ['evergrant.refresh', 0],
  ])
})

test('OpenTelemetry: adopted refreshes and ended grants have their own counters', async () => {
  await using it = await scene()
  const { observe, points } = telemetry()
  const [one, other] = [it.session({ observe }), it.session({ observe })]
  await one.signIn()
  await other.getAccessToken()
  it.clock.advanceSeconds(1000)
  await one.getAccessToken()
  await other.getAccessToken()
  expect(await points('evergrant.client.refreshes.adopted')).toEqual([[{ reason: 'expired' }, 1]])
  it.as.revokeGrant()
  it.clock.advanceSeconds(1000)
  await expect(one.getAccessToken()).rejects.toMatchObject({ code: 'SIGN_IN_REQUIRED' })
  expect(await points('evergrant.client.grants.ended')).toEqual([[{ reason: 'refused' }, 1]])
})

test('OpenTelemetry: concurrent refreshes of one client have a span each', async () => {
  await using it = await scene({ as: { clients: [{ clientId: 'client-1' }] } })
  const { observe, spans } = telemetry()
  const sent = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const slowly: typeof fetch = async (input, init) => {
    const body = init?.body
    if (body instanceof URLSearchParams && body.get('grant_type') === 'refresh_token') {
      sent.resolve()
      await goOn.promise
    }
    return await fetch(input, init)
  }
  const client = {
    name: 'test client',
    preRegistered: { [it.as.issuer]: { clientId: 'client-1' } },
  }
  const one = it.session({ client, observe, partition: 'user-1' })
  const other = it.session({ client, observe, partition: 'user-2', fetch: slowly })
  await one.signIn()
  await other.signIn()
  it.clock.advanceSeconds(1000)
  const refreshed = other.getAccessToken()
  await sent.promise
  it.as.faults.token.push({ kind: 'oauth-error', error: 'invalid_grant' })
  await expect(one.getAccessToken()).rejects.toMatchObject({ code: 'SIGN_IN_REQUIRED' })
  expect(spans()).toHaveLength(1)
  goOn.resolve()
  await refreshed
  expect(spans().map(({ status, attributes }) => [status.code, attributes])).toEqual([
    [2, expect.objectContaining({ outcome: 'grant-ended' })],
    [0, expect.objectContaining({ rotated: true })],
  ])
  expect(JSON.stringify(spans().map(({ attributes }) => attributes))).not.toContain('user-')
})

test('OpenTelemetry: adopted tokens show that a server is available, and pauses of a refresh worker that it is not', async () => {
  await using it = await scene()
  const { observe, points } = telemetry()
  const session = it.session({ observe, refresh: { maximumWaitSeconds: 0 } })
  await session.signIn()
  it.clock.advanceSeconds(1000)
  it.as.faults.token.push({ kind: 'status', status: 503 })
  await expect(session.getAccessToken()).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
  expect(await points('evergrant.client.authorization_server.available')).toEqual([[{}, 0]])
  it.clock.advanceSeconds(10)
  await it.session().getAccessToken()
  await session.getAccessToken()
  expect(await points('evergrant.client.authorization_server.available')).toEqual([[{}, 1]])
  const paused = {
    type: 'refresh-worker-paused',
    issuer: it.as.issuer,
    untilEpochSeconds: 0,
  } as const
  observe({ ...paused, because: 'store-unwritable' })
  expect(await points('evergrant.client.authorization_server.available')).toEqual([[{}, 1]])
  observe({ ...paused, because: 'server-unavailable' })
  expect(await points('evergrant.client.authorization_server.available')).toEqual([[{}, 0]])
})

test('OpenTelemetry: a refresh worker can use the observer, and the remaining lifetime is measured', async () => {
  await using it = await manyGrants()
  await it.signIn('user-1')
  const { observe, points } = telemetry()
  const worker = createRefreshWorker(it.store, { clock: it.clock, observe, random: () => 0 })
  await worker.start()
  it.clock.advanceSeconds(lifetimeSeconds - 7)
  await worker.whenIdle()
  await worker.stop()
  expect(await points('evergrant.client.access_token.remaining')).toEqual([
    [{}, expect.objectContaining({ count: 1, sum: 7 })],
  ])
  expect(await points('evergrant.client.access_token.lifetime')).toEqual([
    [{}, expect.objectContaining({ count: 1, sum: lifetimeSeconds })],
  ])
})

test(
  'OpenTelemetry: a refresh whose tokens are saved late counts as succeeded once',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene()
    const { observe, spans, points } = telemetry()
    let broken = false
    const store: RecordStore = {
      ...it.store,
      write: (...args) => (broken ? Promise.reject(new Error('EIO')) : it.store.write(...args)),
    }
    const session = it.session({
      store,
      observe,
      clock: {
        nowEpochSeconds: () => it.clock.nowEpochSeconds(),
        // Pauses within one attempt to save pass at once; pauses between attempts take time.
        sleep: async (milliseconds) => {
          if (milliseconds === 1000) await it.clock.sleep(milliseconds)
        },
      },
      refresh: { maximumWaitSeconds: 0 },
      async fetch(input, init) {
        const response = await fetch(input, init)
        if (it.as.refreshRequests() > 0) broken = true
        return response
      },
    })
    await session.signIn()
    it.clock.advanceSeconds(1000)
    await expect(session.getAccessToken()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
    })
    expect(await points('evergrant.client.refreshes')).toEqual([])
    broken = false
    await it.clock.untilSleeping()
    it.clock.advanceSeconds(1)
    const succeeded = [[{ outcome: 'succeeded', reason: 'expired' }, 1]]
    await expect.poll(() => points('evergrant.client.refreshes')).toEqual(succeeded)
    await session.getAccessToken()
    expect(await points('evergrant.client.refreshes')).toEqual(succeeded)
    expect(it.as.refreshRequests()).toBe(1)
    expect(spans().map(({ status }) => status.message)).toEqual(['the tokens could not be saved'])
  },
)
