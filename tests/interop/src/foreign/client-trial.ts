import type { AuthorsGateway, AuthorsGatewayOptions } from '../authors-gateway.ts'
import { startAuthorsGateway } from '../authors-gateway.ts'
import type { ToolProgram } from './tool-program.ts'
import { startToolProgram } from './tool-program.ts'

/** Number of concurrent calls. */
export const callers = 8

/** What a client does at the gateway with the default grace and overlap. */
export interface ForeignClientResult {
  readonly declaresGrant: 'yes' | 'no'
  readonly requestsOfflineAccess: 'yes' | 'no'
  readonly refreshToken: 'issued' | 'not issued'
  /** Refreshes for one call after an expiry. */
  readonly refreshesOfOneCall: number
  /** Refreshes for eight concurrent calls after an expiry. */
  readonly refreshesOfManyCalls: number
  /** Sign-ins before the step-up. */
  readonly signIns: number
  /** Sign-ins for the wider scope. */
  readonly stepUpSignIns: number
  /** Refreshes with the wider scope after another expiry. */
  readonly refreshesAfterStepUp: number
  /** Sign-ins after the step-up. */
  readonly laterSignIns: number
  readonly failedCalls: readonly string[]
}

/** Signs in, refreshes for one call and for eight, steps up, and refreshes again. */
export async function tryForeignClient(
  command: readonly string[],
  options: AuthorsGatewayOptions,
): Promise<ForeignClientResult> {
  await using gateway = await startAuthorsGateway(options)
  const program = startToolProgram(command, gateway.mcpUrl)
  try {
    return await walkThroughLife(gateway, program)
  } finally {
    await program.close()
  }
}

async function walkThroughLife(
  gateway: AuthorsGateway,
  program: ToolProgram,
): Promise<ForeignClientResult> {
  const failedCalls: string[] = []
  const attempt = async (tool: string, toolArguments?: Record<string, string>): Promise<void> => {
    await program.call(tool, toolArguments).catch((error: unknown) => {
      failedCalls.push(String(error))
    })
  }
  const refreshesOf = async (work: () => Promise<unknown>): Promise<number> => {
    await gateway.expire()
    const before = gateway.tally().refreshes
    await work()
    return gateway.tally().refreshes - before
  }
  const note = { title: 'title', text: 'text' }

  // Without a sign-in, nothing else can succeed.
  await program.call('notes_list')
  const { grantTypes, requestedScope } = gateway.signals()
  const { refreshTokensIssued } = gateway.tally()
  const refreshesOfOneCall = await refreshesOf(() => attempt('notes_list'))
  const refreshesOfManyCalls = await refreshesOf(() =>
    Promise.all(Array.from({ length: callers }, () => attempt('notes_list'))),
  )
  const { signIns } = gateway.tally()
  await attempt('notes_write', note)
  const stepUpSignIns = gateway.tally().signIns - signIns
  const refreshesAfterStepUp = await refreshesOf(() => attempt('notes_write', note))
  return {
    declaresGrant: grantTypes.includes('refresh_token') ? 'yes' : 'no',
    requestsOfflineAccess: requestedScope.split(' ').includes('offline_access') ? 'yes' : 'no',
    refreshToken: refreshTokensIssued > 0 ? 'issued' : 'not issued',
    refreshesOfOneCall,
    refreshesOfManyCalls,
    signIns,
    stepUpSignIns,
    refreshesAfterStepUp,
    laterSignIns: gateway.tally().signIns - signIns - stepUpSignIns,
    failedCalls,
  }
}
