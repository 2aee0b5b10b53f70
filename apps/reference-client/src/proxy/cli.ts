import { checkArguments } from '../commands/check-arguments.ts'
import { createSurroundings } from '../connection/surroundings.ts'
import type { CliEnvironment, ExitCode } from '../lib/environment.ts'
import { failedOutcome } from '../output/failed-outcome.ts'
import { safeOutput } from '../output/safe-output.ts'
import { sentCredentials } from '../output/sent-credentials.ts'
import { checkedFlags } from './flags/checked-flags.ts'
import { parseProxyArguments } from './flags/parse.ts'
import { runProxy } from './run-proxy.ts'

/**
 * Runs `evergrant proxy` with the least memory: a host starts one process for each server and keeps it.
 * Help and unusual arguments go through the program with all commands.
 */
export async function runProxyCommandLine(
  argv: readonly string[],
  given: CliEnvironment,
): Promise<ExitCode> {
  const parsed = parseProxyArguments(argv.slice(1))
  if (parsed === undefined) {
    const { runCli } = await import('../cli.ts')
    return await runCli(argv, given)
  }
  const { serverUrl, port, flags } = parsed
  const { EVERGRANT_CLIENT_SECRET, EVERGRANT_PASSPHRASE } = given.env
  const credentials = sentCredentials([EVERGRANT_CLIENT_SECRET, EVERGRANT_PASSPHRASE])
  const { stderr } = safeOutput(given, credentials)
  const environment = { ...given, stderr }
  try {
    const chosen = checkArguments(checkedFlags(serverUrl, flags), given.env)
    const surroundings = createSurroundings(environment, credentials, chosen, undefined)
    return (await runProxy(serverUrl, port, flags, surroundings)).exitCode
  } catch (error) {
    // It loads the MCP SDK, for its errors.
    const { describeFailure } = await import('../output/failure.ts')
    const failed = failedOutcome(describeFailure(error, serverUrl, credentials.redact))
    stderr(failed.advice ?? '')
    return failed.exitCode
  }
}
