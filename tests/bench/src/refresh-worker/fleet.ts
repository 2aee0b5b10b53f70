import type { BenchProcess } from './child-process.ts'
import { startProgram } from './child-process.ts'
import type { BenchTable } from './bench-table.ts'
import type { EndpointReport, EndpointSettings } from './token-endpoint.ts'
import type { WorkerReport, WorkerSettings } from './worker-process.ts'

/** A token endpoint in its own process. */
export interface Endpoint extends AsyncDisposable {
  readonly url: string
  report(): Promise<EndpointReport>
}

export async function startEndpoint(settings: EndpointSettings): Promise<Endpoint> {
  const { process, first } = await startProgram('./token-endpoint.ts', settings)
  const { port } = first as { readonly port: number }
  return {
    url: `http://127.0.0.1:${port}/token`,
    report: () => process.ask<EndpointReport>('report'),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

/** Refresh workers in their own processes. */
export interface Fleet extends AsyncDisposable {
  start(): Promise<void>
  reports(): Promise<readonly WorkerReport[]>
  /** Reports without garbage in their memory. */
  reportsAfterCollection(): Promise<readonly WorkerReport[]>
  stop(): Promise<readonly WorkerReport[]>
}

export type FleetSettings = Omit<WorkerSettings, 'databaseUrl' | 'table' | 'key'>

export async function startFleet(
  bench: BenchTable,
  workers: number,
  settings: FleetSettings,
): Promise<Fleet> {
  const { databaseUrl, table, key } = bench
  const programs = await Promise.all(
    Array.from({ length: workers }, () =>
      startProgram('./worker-process.ts', { databaseUrl, table, key, ...settings }),
    ),
  )
  const processes: readonly BenchProcess[] = programs.map(({ process }) => process)

  function all(message: string): Promise<WorkerReport[]> {
    return Promise.all(processes.map((one) => one.ask<WorkerReport>(message)))
  }

  return {
    async start() {
      await all('start')
    },
    reports: () => all('report'),
    reportsAfterCollection: () => all('report after a collection'),
    stop: () => all('stop'),
    async [Symbol.asyncDispose]() {
      await Promise.all(processes.map((one) => one[Symbol.asyncDispose]()))
    },
  }
}
