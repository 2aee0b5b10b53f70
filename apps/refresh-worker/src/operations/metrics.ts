import type { IncomingMessage, ServerResponse } from 'node:http'
import process from 'node:process'
import type { Meter } from '@opentelemetry/api'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { version } from '../lib/version.ts'
import { commandName } from '../lib/names.ts'

/** The metrics of this process, in the text format of Prometheus. */
export interface ProcessMetrics {
  readonly meter: Meter
  answer(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

export function createMetrics(): ProcessMetrics {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const provider = new MeterProvider({
    readers: [exporter],
    resource: resourceFromAttributes({
      'service.name': commandName,
      'service.version': version,
    }),
  })
  const meter = provider.getMeter('@evergrant/client', version)
  meter
    .createObservableGauge('process.memory.usage', {
      description: 'Resident memory of the process',
      unit: 'By',
    })
    .addCallback((result) => result.observe(process.memoryUsage.rss()))
  return {
    meter,
    answer: (request, response) => exporter.getMetricsRequestHandler(request, response),
    close: () => provider.shutdown(),
  }
}
