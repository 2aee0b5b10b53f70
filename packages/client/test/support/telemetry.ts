import type { Meter } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'

/** The points of a metric as `[attributes, value]`, without the issuer. */
type Points = readonly (readonly [Readonly<Record<string, unknown>>, unknown])[]

/** The metrics of one meter, in memory. */
export interface MeasuredMetrics {
  readonly meter: Meter
  /** Reads all metrics, and returns a function that finds the points of one. */
  readonly read: () => Promise<(name: string) => Points>
  /** Reads all metrics, and returns the points of one. */
  readonly points: (name: string) => Promise<Points>
}

export function measuredMetrics(): MeasuredMetrics {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  async function read(): Promise<(name: string) => Points> {
    await reader.forceFlush()
    const all = (exporter.getMetrics().at(-1)?.scopeMetrics ?? []).flatMap((one) => one.metrics)
    return (name) => {
      const metric = all.find((one) => one.descriptor.name === name)
      return (metric?.dataPoints ?? []).map(({ attributes, value }) => {
        const { issuer: _issuer, ...others } = attributes
        return [others, value]
      })
    }
  }
  return {
    meter: new MeterProvider({ readers: [reader] }).getMeter('test'),
    read,
    points: async (name) => (await read())(name),
  }
}
