import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'

/** A server of the guides, as a process. */
export interface Program extends AsyncDisposable {
  /** What it printed until now, line by line. */
  readonly lines: readonly string[]
}

/** Starts a program of `src`, and waits for its first line. */
export async function startProgram(
  name: string,
  parameters: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Program> {
  const file = path.resolve(import.meta.dirname, '../src', name)
  const child = spawn(process.execPath, ['--conditions=workspace:source', file, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const exit = once(child, 'exit')
  const lines: string[] = []
  const output = createInterface(child.stdout)
  const started = once(output, 'line')
  output.on('line', (line) => lines.push(line))
  await Promise.race([started, exit])
  return {
    lines,
    async [Symbol.asyncDispose]() {
      child.kill()
      await exit
    },
  }
}
