#!/usr/bin/env node
import { runCli } from './commands/cli.ts'

process.exitCode = await runCli(process.argv.slice(2), {
  writeOut: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  async untilStopped() {
    await new Promise<void>((resolve) => {
      const stop = (): void => {
        // Without listeners, a second signal ends the process immediately.
        process.off('SIGINT', stop).off('SIGTERM', stop)
        resolve()
      }
      process.on('SIGINT', stop).on('SIGTERM', stop)
    })
  },
})
