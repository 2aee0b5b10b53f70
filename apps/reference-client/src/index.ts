export { runCli } from './cli.ts'
export type { CallSummary } from './commands/call.ts'
export { exitCodes } from './lib/environment.ts'
export type { CliEnvironment, ExitCode } from './lib/environment.ts'
