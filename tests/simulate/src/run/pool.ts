import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Row, Task } from './tables.ts'

/** Runs tasks on every core. The rows are in the order of the tasks. */
export async function runTasks(
  tasks: readonly Task[],
  finished: (count: number) => void = () => {},
): Promise<readonly Row[]> {
  const rows: (Row | undefined)[] = tasks.map(() => undefined)
  const queue = tasks.map((task, index) => ({ task, index }))
  let count = 0

  async function work(): Promise<void> {
    const worker = new Worker(new URL('worker.ts', import.meta.url))
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        rows[next.index] = await answerOf(worker, next.task)
        count += 1
        finished(count)
      }
    } finally {
      await worker.terminate()
    }
  }

  const workers = Math.max(1, Math.min(availableParallelism(), tasks.length))
  await Promise.all(Array.from({ length: workers }, work))
  return rows.flatMap((row) => (row === undefined ? [] : [row]))
}

function answerOf(worker: Worker, task: Task): Promise<Row> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (row: Row) => {
      worker.off('error', reject)
      resolve(row)
    })
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(task)
  })
}
