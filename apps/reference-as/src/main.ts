#!/usr/bin/env node
import { once } from 'node:events'
import { readPassword } from './accounts/password.ts'
import { runCli } from './commands/cli.ts'

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  readPassword: async (prompt) => await readPassword(process.stdin, process.stderr, prompt),
  environment: process.env,
  // Only commands that wait call it. Without listeners, the others end at once on these signals.
  stopped: async () => await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]),
})
