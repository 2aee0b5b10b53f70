#!/usr/bin/env node
import { stderr, stdin, stdout } from 'node:process'
import open from 'open'
import { runCli } from './cli.ts'

// The first Ctrl-C ends the command in order. The handlers run once, so the second one kills it.
const interruption = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort())
// A closed pipe (`| head`) is not a failure.
for (const stream of [stdout, stderr]) stream.on('error', () => undefined)

// Not process.exit(): written output may not be flushed yet.
process.exitCode = await runCli(process.argv.slice(2), {
  stdout: (text) => stdout.write(text),
  stderr: (text) => stderr.write(text),
  env: process.env,
  signal: interruption.signal,
  isInteractive: stdin.isTTY && stderr.isTTY,
  async openBrowser(url) {
    await open(url)
  },
})
