import { runCli } from '../../src/index.ts'
import type { ProgramRun } from './program.ts'

/** Runs a command line in this process. A `run` that starts is stopped at once. */
export async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProgramRun> {
  let out = ''
  let err = ''
  const code = await runCli(args, {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    env,
    signal: AbortSignal.abort(),
  })
  return { code, out, err }
}
