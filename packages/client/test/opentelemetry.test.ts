import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'
import { openTelemetryObserver } from '../src/opentelemetry.ts'
import { scene } from './support/signed-in-session.ts'

function telemetry() {
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  })
  const spanExporter = new InMemorySpanExporter()
  const observe = openTelemetryObserver({
    meter: new MeterProvider({ readers: [reader] }).getMeter('test'),
    tracer: new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(spanExporter)],
    }).getTracer('test'),
  })
  return {
    observe,
    spans: () => spanExporter.getFinishedSpans(),
    /** The points of a metric as `attributes → value`, without the issuer. */
    points: async (name: string) => {
      await reader.forceFlush()
      const all = metricExporter.getMetrics().at(-1)?.scopeMetrics ?? []
      const metric = all.flatMap((one) => one.metrics).find((one) => one.descriptor.name === name)
      return (metric?.dataPoints ?? []).map(({ attributes, value }) => {
        const { issuer: _issuer, ...others } = attributes
        return [others, value]
      })
    },
  }
}

test('refreshes, sign-ins, failures and waits become metrics and spans', async () => {
  await using it = await scene()
  const { observe, spans, points } = telemetry()
  const session = it.session({ observe, refresh: { patienceSeconds: 0 } })
  await session.signIn()
  it.clock.advanceSeconds(1000)
  it.as.faults.token.push({ kind: 'status', status: 503 })
  await expect(session.getAccessToken()).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
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

test('an adopted refresh and an ended grant are counted apart', async () => {
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
