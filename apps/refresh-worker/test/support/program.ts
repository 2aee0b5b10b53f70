import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

/** The output and exit code of a program. */
export interface ProgramRun {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** `evergrant-worker` in a separate process. */
export interface Program {
  readonly process: ChildProcess
  /** Everything that it printed so far. */
  printed(): string
  /** The first line of the log for an event; rejects if the program ends without it. */
  logged(event: string): Promise<Readonly<Record<string, unknown>>>
  readonly ended: Promise<ProgramRun>
}

const main = path.join(import.meta.dirname, '..', '..', 'src', 'main.ts')

/** @param env - Replaces the environment, so that no option comes from the machine. */
export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const child = spawn(process.execPath, ['--conditions=workspace:source', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  const ended = once(child, 'close').then(([code]): ProgramRun => ({ code, out, err }))
  return {
    process: child,
    printed: () => out + err,
    logged: (event) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = lines(err).find((one) => one['event'] === event)
          if (line !== undefined) resolve(line)
        }
        child.stderr.on('data', look)
        look()
        void ended.then(() => reject(new Error(`It ended without the event ${event}: ${err}`)))
      }),
    ended,
  }
}

export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProgramRun> {
  return await startProgram(args, env).ended
}

/** The lines of a log in JSON. */
export function lines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
}
