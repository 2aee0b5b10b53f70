#!/usr/bin/env node
import { once } from 'node:events'
import { runCli } from './cli.ts'
import { readPassword } from './accounts/password.ts'

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  readPassword: async (prompt) => await readPassword(process.stdin, process.stderr, prompt),
  environment: process.env,
  // Asked for only by what waits: everything else ends at once, as a terminal's user expects.
  stopped: async () => await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]),
})
