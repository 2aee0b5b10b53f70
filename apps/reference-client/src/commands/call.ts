import { cleanRemoteText } from '@evergrant/core'
import type { CallToolResult } from '@modelcontextprotocol/client'
import type { App } from '../connection/app.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { CliError } from '../lib/errors.ts'
import { failedOutcome } from '../output/failed-outcome.ts'
import { describeFailure } from '../output/failure.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import { serverFacts } from '../connection/sign-in-flags.ts'
import { signInIfPossible } from '../connection/interactive-sign-in.ts'
import { requestOptions, withClient } from '../connection/mcp.ts'
import type { Round, RoundTotals } from '../calls/rounds.ts'
import { runRounds } from '../calls/rounds.ts'
import type { TallyReading } from '../calls/tally.ts'
import { createTally } from '../calls/tally.ts'
import type { CommonFlags } from './runner.ts'
import { commandName } from '../names.ts'

/** Options of `evergrant call`. */
export interface CallFlags extends SignInFlags, CommonFlags {
  readonly args?: Readonly<Record<string, unknown>>
  readonly parallel: number
  readonly repeat: number
  readonly every: number
}

/** The summary of `evergrant call`. */
export interface CallSummary
  extends TallyReading, Omit<RoundTotals<never>, 'lastResult' | 'error'> {
  readonly elapsedMilliseconds: number
}

/** Calls a tool, once or many times, over one connection and one sign-in. */
export async function call(
  serverUrl: string,
  tool: string,
  flags: CallFlags,
  app: App,
): Promise<CommandOutcome> {
  const { signal } = app.environment
  const startedAt = performance.now()
  const many = flags.repeat > 1 || flags.parallel > 1
  const stamp = (): string => `${((performance.now() - startedAt) / 1000).toFixed(2).padStart(8)} s`
  const tally = createTally((line) => app.say(`${stamp()}  ${line}`))
  const facts = serverFacts(flags, app.environment.env)
  const signIn = signInIfPossible(flags, app)
  const session = app.session(serverUrl, { signIn, facts, observe: tally.observe })
  const plan = { ...flags, everyMilliseconds: flags.every }
  const [protocolVersion, totals] = await withClient(session, app, async (client) => {
    const request = { name: tool, ...(flags.args === undefined ? {} : { arguments: flags.args }) }
    const callOnce = async (): Promise<CallToolResult> =>
      checked(tool, await client.callTool(request, requestOptions(signal)), app)
    return [
      client.getNegotiatedProtocolVersion(),
      await runRounds(plan, callOnce, { signal, isFinal, onRound }),
    ] as const
  })
  // Include a refresh that is still in progress.
  await session.whenIdle()
  const { lastResult, error, ...counts } = totals
  const elapsedMilliseconds = Math.round(performance.now() - startedAt)
  const summary: CallSummary = { ...counts, ...tally.read(), elapsedMilliseconds }
  if (many) app.say(describe(summary))
  if (error !== undefined && signal?.aborted !== true) {
    return failedOutcome(describeFailure(error, session.serverUrl, app.redact), { summary })
  }
  return {
    exitCode: signal?.aborted === true ? exitCodes.interrupted : exitCodes.done,
    document: {
      serverUrl: session.serverUrl,
      tool,
      protocolVersion,
      result: lastResult,
      summary,
    },
    text: lastResult === undefined ? '' : textOf(lastResult),
  }

  function onRound({ number, succeeded, failed, elapsedMilliseconds: elapsed }: Round): void {
    if (!many) return
    const took = `${Math.round(elapsed)} ms`
    app.say(`${stamp()}  round ${number}: ${succeeded} ok, ${failed} failed, ${took}`)
  }
}

/** Whether every further call would fail in the same way. */
function isFinal(error: unknown): boolean {
  const { code } = describeFailure(error, undefined)
  return ['SIGN_IN_REQUIRED', 'SIGN_IN_FAILED', 'RESOURCE_REFUSED'].includes(code)
}

/** A tool reports its own errors as results (MCP 2026-07-28, Tools: Error Handling). */
function checked(tool: string, result: CallToolResult, app: App): CallToolResult {
  if (result.isError !== true) return result
  const said = cleanRemoteText(app.redact(textOf(result))) ?? 'no reason given'
  throw new CliError(
    'MCP_REQUEST_FAILED',
    `The tool ${JSON.stringify(tool)} reported an error: ${JSON.stringify(said)}. Check its name and arguments with ${commandName} tools.`,
  )
}

function textOf(result: CallToolResult): string {
  return result.content
    .map((block) => (block.type === 'text' ? block.text : `[${block.type}]`))
    .join('\n')
}

function describe(summary: CallSummary): string {
  const { calls, failed, cancelled, refreshes, adopted, signIns, rounds } = summary
  return [
    '',
    `  calls      ${calls} in ${rounds} rounds, ${(summary.elapsedMilliseconds / 1000).toFixed(1)} s`,
    `  failed     ${failed}`,
    ...(cancelled === 0 ? [] : [`  aborted    ${cancelled}`]),
    `  refreshes  ${refreshes}`,
    `  adopted    ${adopted}`,
    `  sign-ins   ${signIns}`,
    '',
  ].join('\n')
}
