#!/usr/bin/env node
import { stderr, stdin, stdout } from 'node:process'
import open from 'open'
import { runCli } from './cli.ts'

// The first Ctrl-C ends the command in order; handlers are gone by the second, which kills.
const interruption = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort())
// A reader that has had enough (`| head`) is no failure.
for (const stream of [stdout, stderr]) stream.on('error', () => undefined)

// Not process.exit(): what was written is still on its way.
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
