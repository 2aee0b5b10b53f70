export { runCli } from './cli.ts'
export type { CallSummary } from './commands/call.ts'
export { exitCodes } from './environment.ts'
export type { CliEnvironment, ExitCode } from './environment.ts'
