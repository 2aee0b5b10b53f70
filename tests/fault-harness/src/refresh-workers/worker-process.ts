import process from 'node:process'
import { fork } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FleetCommand, FleetReport, FleetWorkerSettings, WorkerStep } from './messages.ts'

const program = fileURLToPath(new URL('./program.ts', import.meta.url))

/** The parent's handle of a process with a refresh worker. */
export interface FleetWorker {
  /** Resolves when the worker has noted the time, or has died. */
  setClock(offsetSeconds: number): Promise<void>
  /** Resolves when the worker has noted the step. */
  willStopAt(step: WorkerStep): Promise<void>
  /** Resolves when a refresh has stopped at the step. */
  stopped(): Promise<void>
  /** Continues a stopped refresh, and clears the stop. */
  goOn(): void
  /** SIGKILL. Resolves when the process has exited. */
  kill(): Promise<void>
  /** SIGSTOP. Not on Windows. */
  suspend(): void
  /** SIGCONT */
  resume(): void
}

/** Starts a process, and waits until its refresh worker runs. */
export async function startFleetWorker(
  settings: FleetWorkerSettings,
  onNotice: (id: string) => void,
): Promise<FleetWorker> {
  const child = fork(program, [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: path.join(tmpdir(), 'evergrant-faults-compiled'),
    },
    execArgv: ['--conditions=workspace:source'],
  })
  const started = Promise.withResolvers<void>()
  const exited = Promise.withResolvers<void>()
  let noted = Promise.withResolvers<void>()
  let reached = Promise.withResolvers<void>()

  child.on('message', (message) => {
    // Only the worker program writes to this channel.
    const told = message as FleetReport
    if (told.report === 'started') started.resolve()
    else if (told.report === 'noted') noted.resolve()
    else if (told.report === 'notice') onNotice(told.id)
    else reached.resolve()
  })
  child.once('error', started.reject)
  child.once('exit', (code) => {
    started.reject(new Error(`A refresh worker exited with ${code} before it started.`))
    exited.resolve()
  })

  function tell(command: FleetCommand): void {
    // A killed process accepts no commands.
    if (child.connected) child.send(command, () => undefined)
  }

  tell({ do: 'start', settings })
  await started.promise
  return {
    async setClock(clockOffsetSeconds) {
      noted = Promise.withResolvers()
      tell({ do: 'clock', clockOffsetSeconds })
      await Promise.race([noted.promise, exited.promise])
    },
    async willStopAt(step) {
      noted = Promise.withResolvers()
      reached = Promise.withResolvers()
      tell({ do: 'stop-at', step })
      await noted.promise
    },
    stopped: () => reached.promise,
    goOn: () => tell({ do: 'go-on' }),
    async kill() {
      child.kill('SIGKILL')
      await exited.promise
    },
    suspend: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  }
}
