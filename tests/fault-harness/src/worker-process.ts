import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Command, Report, WorkerSettings } from './messages.ts'
import type { RefreshStep } from './refresh-steps.ts'

const program = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** The parent's handle of a worker process. */
export interface Worker {
  readonly pid: number
  /** Resolves with `undefined` if the process dies before it answers. */
  work(
    what: 'tokens' | 'requests' | 'idle',
    count: number,
    clockOffsetSeconds: number,
  ): Promise<Answer | undefined>
  /** Resolves when a refresh has stopped at this step. */
  stopAt(step: RefreshStep): Promise<void>
  /** Continues a stopped refresh, and clears the stop. */
  goOn(): void
  failWrites(code?: string): void
  /** SIGKILL. Resolves when the process has exited. Windows ends a process as abruptly. */
  kill(): Promise<void>
  /** SIGSTOP: suspends the process at any instruction. Not on Windows. */
  suspend(): void
  /** SIGCONT */
  resume(): void
}

/** Options of {@link startWorker} besides the worker's settings. */
export interface StartWorkerOptions {
  /** Limits file sizes to 0 bytes, as on a full disk. POSIX only: the shell sets the limit. */
  readonly diskFull?: boolean
  /** Node.js's compile cache, which makes workers start faster. */
  readonly compileCache: string
}

/** Starts a worker process and opens its store. */
export async function startWorker(
  settings: WorkerSettings,
  options: StartWorkerOptions,
): Promise<Worker> {
  const limited = options.diskFull === true
  const node = [process.execPath, '--conditions=workspace:source']
  const child = fork(program, [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_COMPILE_CACHE: options.compileCache },
    ...(limited
      ? { execPath: '/bin/sh', execArgv: ['-c', 'ulimit -f 0; exec "$@"', 'sh', ...node] }
      : { execArgv: ['--conditions=workspace:source'] }),
  })
  const opened = Promise.withResolvers<void>()
  const exited = Promise.withResolvers<void>()
  const answers = new Map<number, (answer: Answer | undefined) => void>()
  let nextId = 1
  let reached: (() => void) | undefined
  let alive = true

  child.on('message', (message) => {
    // Only the worker program writes to this channel.
    const report = message as Report
    if (report.report === 'open') opened.resolve()
    else if (report.report === 'at-step') reached?.()
    else {
      answers.get(report.id)?.(report.answer)
      answers.delete(report.id)
    }
  })
  child.once('error', opened.reject)
  child.once('exit', (code) => {
    alive = false
    opened.reject(new Error(`A worker exited with ${code} before it opened its store.`))
    exited.resolve()
    for (const answer of answers.values()) answer(undefined)
    answers.clear()
  })

  function tell(command: Command): void {
    // A killed process accepts no commands.
    if (alive && child.connected) child.send(command, () => undefined)
  }

  tell({ do: 'open', settings })
  await opened.promise
  const { pid } = child
  if (pid === undefined) throw new Error('The worker opened its store but has no process ID.')

  return {
    pid,
    work(what, count, clockOffsetSeconds) {
      return new Promise((resolve) => {
        if (!alive) {
          resolve(undefined)
          return
        }
        const id = nextId
        nextId += 1
        answers.set(id, resolve)
        tell({ do: what, id, count, clockOffsetSeconds })
      })
    },
    stopAt(step) {
      return new Promise((resolve) => {
        reached = resolve
        tell({ do: 'stop-at', step })
      })
    },
    goOn: () => tell({ do: 'go-on' }),
    failWrites: (code) => tell({ do: 'fail-writes', ...(code === undefined ? {} : { code }) }),
    async kill() {
      child.kill('SIGKILL')
      await exited.promise
    },
    suspend: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  }
}
