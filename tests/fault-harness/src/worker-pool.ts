import { tmpdir } from 'node:os'
import path from 'node:path'
import type { WorkerSettings } from './messages.ts'
import type { NetworkLine } from './stores/network-line.ts'
import type { StoreBackend } from './stores/store-backend.ts'
import type { StartWorkerOptions, Worker } from './worker-process.ts'
import { startWorker } from './worker-process.ts'

/** The worker processes of one testbed, each with its own connection to the store. */
export interface WorkerPool {
  workers(): readonly Worker[]
  /** Starts a worker. Call the result to add it to the pool. */
  prepare(options?: PrepareWorkerOptions): Promise<() => Worker>
  /** Removes a worker that was killed. */
  remove(worker: Worker): void
  /** Breaks the database connections of these workers until `reconnect`. */
  cutOff(workers: readonly Worker[]): void
  reconnect(workers: readonly Worker[]): void
  /** Resolves when the database has closed the connections of all removed workers. */
  drained(): Promise<void>
}

export interface PrepareWorkerOptions extends Pick<StartWorkerOptions, 'diskFull'> {
  /** The clock error of this worker. Default 0. */
  readonly clockSkewSeconds?: number
}

/** Creates an empty pool. All workers share `settings`. */
export function workerPool(
  backend: StoreBackend,
  settings: Omit<WorkerSettings, 'store' | 'clockSkewSeconds'>,
): WorkerPool {
  const workers = new Set<Worker>()
  const lines = new Map<Worker, NetworkLine>()

  function lineOf(worker: Worker): NetworkLine {
    const line = lines.get(worker)
    if (line === undefined) throw new Error('Only a database store has a connection to break.')
    return line
  }

  return {
    workers: () => [...workers],
    async prepare({ clockSkewSeconds = 0, ...started } = {}) {
      const { description, line } = await backend.reach()
      const worker = await startWorker(
        { ...settings, store: description, clockSkewSeconds },
        { ...started, compileCache: path.join(tmpdir(), 'evergrant-faults-compiled') },
      )
      return () => {
        workers.add(worker)
        if (line !== undefined) lines.set(worker, line)
        return worker
      }
    },
    remove: (worker) => void workers.delete(worker),
    cutOff(some) {
      for (const worker of some) lineOf(worker).cut()
    },
    reconnect(some) {
      for (const worker of some) lineOf(worker).restore()
    },
    async drained() {
      for (const [worker, line] of lines) {
        if (workers.has(worker)) continue
        await line.drained()
        lines.delete(worker)
      }
    },
  }
}
