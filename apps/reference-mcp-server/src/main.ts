#!/usr/bin/env node
import { once } from 'node:events'
import { runCli } from './cli.ts'

process.exitCode = await runCli(process.argv.slice(2), {
  writeOut: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  async untilStopped() {
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  },
})
