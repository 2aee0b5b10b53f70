import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { endChild, keepTrack } from './children.ts'

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
