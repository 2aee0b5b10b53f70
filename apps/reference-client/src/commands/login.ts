import type { Session, SignInResult } from '@evergrant/client'
import { EvergrantClientError } from '@evergrant/client'
import { explainDecision } from '@evergrant/core'
import type { App } from '../connection/app.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import { serverFacts } from '../connection/sign-in-flags.ts'
import { signInOf } from '../connection/interactive-sign-in.ts'
import { firstChallenge } from '../connection/mcp.ts'
import type { TokenTrial } from '../connection/try-token.ts'
import { tryToken } from '../connection/try-token.ts'
import type { CommonFlags } from './runner.ts'
import { commandName } from '../names.ts'

/** Options of `evergrant login`. */
export interface LoginFlags extends SignInFlags, CommonFlags {
  readonly explain?: boolean
  readonly scope?: string
  readonly registerAgain?: boolean
}

/** Signs in, even if the user is already signed in: to another account, or with more scope. */
export async function login(
  serverUrl: string,
  flags: LoginFlags,
  app: App,
): Promise<CommandOutcome> {
  const { signal } = app.environment
  const signIn = signInOf(flags, app)
  const facts = serverFacts(flags, app.environment.env)
  const session = app.session(serverUrl, {
    signIn,
    scope: flags.scope,
    facts,
    // A second page must not come as a surprise.
    observe(event) {
      if (event.type === 'sign-in-fallback') app.say(`Signing in again: ${event.explanation}`)
      if (event.type === 'client-registered-again') app.say('The client was registered again.')
    },
  })
  await app.retryRevocations()
  // A user who is signed in and runs login again expects the sign-in page. Otherwise, a recent
  // sign-in of another process is sufficient.
  const force = await isSignedIn(session)
  const challenge = await firstChallenge(session.serverUrl, app)
  const result = await session.signIn({
    challenge,
    force,
    registerAgain: flags.registerAgain,
    signal,
  })
  for (const warning of result.warnings ?? []) app.say(`Warning: ${warning}`)
  for (const { message } of result.assumptions ?? []) app.say(`Assumed: ${message}`)
  const explanation = flags.explain === true ? explain(result) : undefined
  if (explanation !== undefined) app.say(explanation.map((line) => `  ${line}`).join('\n'))
  const { outcome, identity, scope, missingScopes, refreshToken, noRefreshTokenReason } = result
  const trial = await tryToken(session, app)
  const { accessTokenExpiresAtEpochSeconds } = await session.status()
  return {
    exitCode: exitCodes.done,
    document: {
      serverUrl: session.serverUrl,
      outcome,
      issuer: identity.issuer,
      clientId: identity.clientId,
      scope,
      missingScopes,
      refreshToken,
      noRefreshTokenReason,
      warnings: result.warnings,
      assumptions: result.assumptions,
      fallbacks: result.fallbacks,
      trial,
      accessTokenExpiresAtEpochSeconds,
      explanation,
    },
    text: describe(session.serverUrl, result, trial),
  }
}

async function isSignedIn(session: Session): Promise<boolean> {
  try {
    return (await session.status()).state === 'active'
  } catch (error) {
    // This read has set the damaged record aside. Signing in creates a new one.
    if (EvergrantClientError.is(error) && error.code === 'RECORD_UNREADABLE') return false
    throw error
  }
}

function explain({ decision }: SignInResult): readonly string[] {
  return decision === undefined
    ? ['Another process has signed in: no scope was negotiated in this process.']
    : explainDecision(decision)
}

function describe(serverUrl: string, result: SignInResult, trial: TokenTrial): string {
  const { outcome, identity, scope, missingScopes, refreshToken, noRefreshTokenReason } = result
  const by = outcome === 'adopted' ? ' (by another process)' : ''
  return [
    `Signed in to ${serverUrl}${by}.`,
    `  authorization server  ${identity.issuer}`,
    `  scope                 ${scope ?? 'not specified'}`,
    ...(missingScopes.length === 0 ? [] : [`  not granted           ${missingScopes.join(' ')}`]),
    refreshToken === 'issued'
      ? `  refresh token         issued${trial.outcome === 'unknown' ? '' : ': you stay signed in'}`
      : `  refresh token         not issued. ${noRefreshTokenReason ?? ''}`.trimEnd(),
    ...describeTrial(serverUrl, trial),
  ].join('\n')
}

function describeTrial(serverUrl: string, trial: TokenTrial): readonly string[] {
  if (trial.outcome === 'accepted') return ['  access token          accepted by the MCP server']
  if (trial.outcome === 'unknown') {
    return [
      `  access token          not tried: the MCP server failed (${trial.detail}). Run: ${commandName} tools ${serverUrl}`,
    ]
  }
  const required = trial.requiredScope === undefined ? '' : ` (${trial.requiredScope})`
  return [`  access token          accepted; the MCP server requires more scope${required}`]
}
