import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { expect, test } from 'vitest'
import {
  presentation,
  refresh,
  register,
  signIn,
  signInWithRefreshToken,
  startServer,
} from '../support.ts'

function telemetry() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  return {
    meter: new MeterProvider({ readers: [reader] }).getMeter('test'),
    /** The points of every metric as `[attributes, value]`. */
    read: async () => {
      await reader.forceFlush()
      const metrics = (exporter.getMetrics().at(-1)?.scopeMetrics ?? []).flatMap(
        (one) => one.metrics,
      )
      return Object.fromEntries(
        metrics.map(({ descriptor, dataPoints }) => [
          descriptor.name,
          dataPoints.map(({ attributes, value }) => [attributes, value]),
        ]),
      )
    },
  }
}

test('metrics: count events of refresh tokens', { tags: ['A-01', 'A-05', 'A-06'] }, async () => {
  const { meter, read } = telemetry()
  await using server = await startServer({ meter })
  const { client, refreshToken: first } = await signInWithRefreshToken(server)
  const without = await register(server, { grant_types: ['authorization_code'] })
  await signIn(server, { client: without })
  const second = await refresh(server, client, first)
  await refresh(server, client, first)
  await refresh(server, client, second.refresh_token)
  expect(await presentation(server, client, first)).toBe('invalid_grant')

  expect(await read()).toEqual({
    'evergrant.as.sign_ins': [[{}, 2]],
    'evergrant.as.issuance_decisions': [
      [{ issued: true, reason: 'offline-access-consented' }, 1],
      [{ issued: false, reason: 'grant-type-not-declared' }, 1],
    ],
    'evergrant.as.refreshes': [
      [{ outcome: 'success' }, 3],
      [{ outcome: 'invalid_grant' }, 1],
    ],
    'evergrant.as.refreshes.replayed': [[{}, 1]],
    'evergrant.as.reuse_detections': [[{ reason: 'successor-used' }, 1]],
  })
  expect(server.hasMetrics).toBe(true)
})
