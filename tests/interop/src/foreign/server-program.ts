import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { endChild, keepTrack } from './children.ts'
import { slowLimitMilliseconds } from './commands.ts'

/** A server in another language, as a child process. */
export interface ServerProgram {
  /** What its first line of output says: a JSON object. */
  readonly ready: Readonly<Record<string, unknown>>
  close(): Promise<void>
}

/** Starts a server that prints one line of JSON when it is ready. */
export async function startServerProgram(command: readonly string[]): Promise<ServerProgram> {
  const [file = '', ...parameters] = command
  const child = spawn(file, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
  keepTrack(child)
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4000)
  })
  const lines = createInterface(child.stdout)
  const started = once(lines, 'line')
  const ended = once(child, 'close').then((): never => {
    throw new Error(`${file} ended before it was ready: ${complaint.trim()}`)
  })
  // After the start, its end is expected.
  ended.catch(() => undefined)
  const [line]: unknown[] = await Promise.race([started, ended])
  const ready: unknown = JSON.parse(String(line))
  return {
    ready: { ...Object(ready) },
    close: () => endChild(child),
  }
}

/**
 * Starts a server, and waits until it answers.
 *
 * @param url - It answers with 200 when the server is ready.
 */
export async function startServerAt(
  url: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ close(): Promise<void> }> {
  const [file = '', ...parameters] = command
  const child = spawn(file, parameters, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
    // A script can start the server as a child of its own. Both must end.
    detached: true,
  })
  keepTrack(child, true)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-2000)
    })
  }
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  const giveUpAt = performance.now() + slowLimitMilliseconds
  while (performance.now() < giveUpAt) {
    const response = await fetch(url).catch(() => undefined)
    if (response?.status === 200) return { close: () => endChild(child) }
    if (failure !== undefined || child.exitCode !== null) break
    await pause(250)
  }
  await endChild(child)
  throw failure ?? new Error(`${file} did not answer at ${url}: ${output.trim()}`)
}
