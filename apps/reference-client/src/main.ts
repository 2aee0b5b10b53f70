#!/usr/bin/env node
import { once } from 'node:events'
import { stderr, stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline'
import open from 'open'
import { runCli } from './cli.ts'

// The first Ctrl-C ends the command in order. The handlers run once, so the second one kills it.
const interruption = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort())
// A closed pipe (`| head`) is not a failure.
for (const stream of [stdout, stderr]) stream.on('error', () => undefined)

const isInteractive = stdin.isTTY && stderr.isTTY

/** Raw input: terminals cut long lines off otherwise, and callback URLs are long. */
async function readLine(signal: AbortSignal): Promise<string | undefined> {
  const lines = createInterface({ input: stdin, output: stderr, terminal: true })
  // In raw mode, Ctrl-C is a character.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    return await Promise.race([
      once(lines, 'line', { signal }).then(([line]) => String(line)),
      once(lines, 'close', { signal }).then(() => undefined),
    ])
  } finally {
    lines.close()
  }
}

// Not process.exit(): written output may not be flushed yet.
process.exitCode = await runCli(process.argv.slice(2), {
  stdout: (text) => stdout.write(text),
  stderr: (text) => stderr.write(text),
  env: process.env,
  signal: interruption.signal,
  isInteractive,
  ...(isInteractive ? { readLine } : {}),
  async openBrowser(url) {
    await open(url)
  },
})
