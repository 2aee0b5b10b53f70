/** Runs tasks in a thread. Each message is a task, and each answer its row. */
import { parentPort } from 'node:worker_threads'
import { computeDigestsAtOnce } from '../time/immediate-digests.ts'
import { runTask } from './run-task.ts'
import type { Task } from './tables.ts'

computeDigestsAtOnce()
// The SDKs warn about each failed refresh.
globalThis.console.warn = () => {}

async function answer(task: Task): Promise<void> {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(await runTask(task))
}

// A rejection ends the thread, and the pool reports it.
parentPort?.on('message', (task: Task) => void answer(task))
