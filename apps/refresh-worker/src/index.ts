export { runCli } from './cli.ts'
export { exitCodes } from './lib/environment.ts'
export type { CliEnvironment, ExitCode } from './lib/environment.ts'
