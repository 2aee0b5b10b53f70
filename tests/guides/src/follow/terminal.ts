/** A shell of a reader. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import process from 'node:process'

/** A command that runs, or has run. */
export interface Running {
  output(): string
  /** Resolves with the exit code; `null` after a signal. */
  readonly ended: Promise<number | null>
  /**
   * Resolves with `true` as soon as the output passes, with `false` if it cannot any more, or has not
   * within the limit.
   */
  until(passes: (output: string) => boolean, limitMilliseconds?: number): Promise<boolean>
  /** Presses Ctrl+C, and waits until the command has ended. */
  stop(): Promise<void>
}

export interface RunOptions {
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  readonly limitMilliseconds: number
  readonly onOutput?: (output: string) => void
}

/** Their process groups do not end with this process. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) signal(child, 'SIGKILL')
})

/** Runs a script with bash. */
export function runScript(script: string, options: RunOptions): Running {
  const { folder, environment, limitMilliseconds, onOutput } = options
  // In a process group of its own, so that Ctrl+C reaches what the shell started.
  const child = spawn('bash', ['-c', `exec 2>&1\nset -e\n${script}`], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  running.add(child)
  let output = ''
  const waiting = new Set<() => void>()
  function tell(): void {
    for (const look of waiting) look()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    onOutput?.(output)
    tell()
  })
  let hasEnded = false
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      hasEnded = true
      running.delete(child)
      clearTimeout(limit)
      resolve(code)
      tell()
    })
  })
  const limit = setTimeout(() => signal(child, 'SIGKILL'), limitMilliseconds)
  return {
    output: () => output,
    ended,
    async until(passes, untilMilliseconds) {
      return await new Promise<boolean>((resolve) => {
        const timer =
          untilMilliseconds === undefined ? undefined : setTimeout(finish, untilMilliseconds)
        function finish(): void {
          clearTimeout(timer)
          waiting.delete(look)
          resolve(passes(output))
        }
        function look(): void {
          if (passes(output) || hasEnded) finish()
        }
        waiting.add(look)
        look()
      })
    },
    async stop() {
      if (!hasEnded) signal(child, 'SIGINT')
      const last = setTimeout(() => signal(child, 'SIGKILL'), 20_000)
      await ended
      clearTimeout(last)
    },
  }
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, name)
  } catch {
    // The group has ended in the meantime.
  }
}
