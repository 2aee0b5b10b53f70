import type { PreRegisteredClient, Session, SignInResult } from '@evergrant/client'
import { EvergrantClientError } from '@evergrant/client'
import { explainDecision } from '@evergrant/core'
import type { App } from '../connection/app.ts'
import type { CliEnvironment, CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { CliError } from '../lib/errors.ts'
import type { SignInFlags } from '../connection/interactive-sign-in.ts'
import { signInOf } from '../connection/interactive-sign-in.ts'
import { firstChallenge } from '../connection/mcp.ts'

/** Options of `evergrant login`. */
export interface LoginFlags extends SignInFlags {
  readonly explain?: boolean
  readonly scope?: string
  readonly clientId?: string
  readonly issuer?: string
  readonly resource?: string
}

/** Signs in, even if the user is already signed in: to another account, or with more scope. */
export async function login(
  serverUrl: string,
  flags: LoginFlags,
  app: App,
): Promise<CommandOutcome> {
  const { signal } = app.environment
  const signIn = signInOf(flags, app)
  const preRegistered = registeredByHand(flags, app.environment.env)
  const { scope: asked, resource: acceptedResource } = flags
  const session = app.session(serverUrl, { signIn, scope: asked, preRegistered, acceptedResource })
  await app.retryRevocations()
  // A user who is signed in and runs login again expects the sign-in page. Otherwise, a recent
  // sign-in of another process is sufficient.
  const force = await isSignedIn(session)
  const challenge = await firstChallenge(session.serverUrl, app)
  const result = await session.signIn({ challenge, force, signal })
  for (const warning of result.warnings ?? []) app.say(`Warning: ${warning}`)
  const explanation = flags.explain === true ? explain(result) : undefined
  if (explanation !== undefined) app.say(explanation.map((line) => `  ${line}`).join('\n'))
  const { outcome, identity, scope, missingScopes, refreshToken, noRefreshTokenReason } = result
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
      accessTokenExpiresAtEpochSeconds,
      explanation,
    },
    text: describe(session.serverUrl, result),
  }
}

/**
 * The client of `--client-id`. The issuer is required, because an MCP server can name any
 * authorization server, and the secret is for one of them.
 */
function registeredByHand(
  { clientId, issuer }: LoginFlags,
  env: CliEnvironment['env'],
): Readonly<Record<string, PreRegisteredClient>> | undefined {
  if (clientId === undefined && issuer === undefined) return undefined
  if (clientId === undefined || issuer === undefined) {
    throw new CliError(
      'USAGE',
      'Use --client-id and --issuer together: a client registered by hand exists at one authorization server. The issuer is the exact value of "issuer" in that server\'s metadata.',
    )
  }
  const clientSecret = env['EVERGRANT_CLIENT_SECRET']
  return { [issuer]: { clientId, ...(clientSecret ? { clientSecret } : {}) } }
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

function describe(serverUrl: string, result: SignInResult): string {
  const { outcome, identity, scope, missingScopes, refreshToken, noRefreshTokenReason } = result
  const by = outcome === 'adopted' ? ' (by another process)' : ''
  return [
    `Signed in to ${serverUrl}${by}.`,
    `  authorization server  ${identity.issuer}`,
    `  scope                 ${scope ?? 'not specified'}`,
    ...(missingScopes.length === 0 ? [] : [`  not granted           ${missingScopes.join(' ')}`]),
    refreshToken === 'issued'
      ? '  refresh token         issued: you stay signed in'
      : `  refresh token         not issued. ${noRefreshTokenReason ?? ''}`.trimEnd(),
  ].join('\n')
}
