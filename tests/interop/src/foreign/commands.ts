import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { NotRunError } from './not-run.ts'

/** Each peer is downloaded and built in less than this, and tested in less than this. */
export const limitMilliseconds = 180_000

/** For a build that compiles hundreds of packages, and for a server that starts slowly. */
export const slowLimitMilliseconds = 1_200_000

/** Options of {@link run}. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Default {@link limitMilliseconds}. */
  readonly timeoutMilliseconds?: number
}

/** How a command ended. */
export interface CommandResult {
  readonly succeeded: boolean
  readonly stdout: string
  /** The last lines of both outputs, or why the command did not start or end. */
  readonly complaint: string
}

/** Runs a command to its end. It is ended at the limit. Rejects never. */
export async function run(
  command: string,
  parameters: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const { timeoutMilliseconds = limitMilliseconds } = options
  const child = spawn(command, parameters, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    timeout: timeoutMilliseconds,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  try {
    const [code, signal]: unknown[] = await once(child, 'close')
    const complaint =
      signal === null
        ? lastLines(output)
        : `${command} did not end within ${timeoutMilliseconds / 1000} s`
    return { succeeded: code === 0, stdout, complaint }
  } catch (error) {
    const complaint = error instanceof Error ? error.message : `${command} did not start`
    return { succeeded: false, stdout, complaint }
  }
}

/**
 * Runs a command that this machine may be unable to run, such as a download.
 *
 * @param reason - What the row of the peer says if it fails.
 */
export async function runOrSkip(
  reason: string,
  command: string,
  parameters: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { succeeded, stdout, complaint } = await run(command, parameters, options)
  if (!succeeded) throw new NotRunError(`${reason}: ${complaint}`)
  return stdout
}

/** Runs a command that must succeed where the commands before it did. */
export async function runOrFail(
  command: string,
  parameters: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { succeeded, stdout, complaint } = await run(command, parameters, options)
  if (!succeeded) throw new Error(`${command} ${parameters.join(' ')}: ${complaint}`)
  return stdout
}

function lastLines(output: string): string {
  return output.trim().split(/\r?\n/u).slice(-3).join(' ').slice(-400)
}
