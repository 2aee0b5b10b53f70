import process, { stderr, stdout } from 'node:process'
import { runCli } from './cli.ts'
import { exitCodes } from './lib/environment.ts'

/** How long the last lines of the log may take to be written. */
const lastWriteMilliseconds = 2000

/** Runs the command line of this process. */
export async function runProcess(): Promise<void> {
  // A closed pipe is not a failure.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined)
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(exitCodes.interrupted)
      stopping.abort()
    })
  }
  process.exitCode = await runCli(process.argv.slice(2), {
    stdout: (text) => stdout.write(text),
    stderr: (text) => stderr.write(text),
    env: process.env,
    signal: stopping.signal,
  })
  // A connection that does not close must not keep the process.
  setTimeout(() => process.exit(), lastWriteMilliseconds).unref()
}
