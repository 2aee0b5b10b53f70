import type { AccessToken, Session } from '@evergrant/client'
import { EvergrantClientError } from '@evergrant/client'
import type { App } from '../connection/app.ts'
import { signInIfPossible } from '../connection/interactive-sign-in.ts'
import { firstChallenge } from '../connection/mcp.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import { serverFacts } from '../connection/sign-in-flags.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { CliError } from '../lib/errors.ts'
import { commandName } from '../names.ts'

/** Prints an access token that can be used now, for scripts. Signs in if that is possible. */
export async function token(
  serverUrl: string,
  flags: SignInFlags,
  app: App,
): Promise<CommandOutcome> {
  const { environment, say } = app
  const facts = serverFacts(flags, environment.env)
  const signIn = signInIfPossible(flags, app)
  const session = app.session(serverUrl, { signIn, facts })
  const found = await usableToken(session, app)
  if (found.tokenType === 'DPoP') {
    throw new CliError(
      'TOKEN_BOUND',
      `The access token for ${session.serverUrl} is bound to a key (DPoP), so no other program can use it. Use ${commandName} call or ${commandName} proxy instead.`,
    )
  }
  if (environment.stdoutTerminal !== undefined) {
    say(
      `Keep this token secret: until it expires, it gives access to your account. In a script, capture it: TOKEN=$(${commandName} token <mcp-url>)`,
    )
  }
  return {
    exitCode: exitCodes.done,
    isCredential: true,
    document: {
      serverUrl: session.serverUrl,
      profile: app.profile,
      accessToken: found.value,
      tokenType: found.tokenType,
      scope: found.scope,
      expiresAtEpochSeconds: found.expiresAtEpochSeconds,
    },
    text: found.value,
  }
}

async function usableToken(session: Session, app: App): Promise<AccessToken> {
  const { signal } = app.environment
  try {
    return await session.getAccessToken({ signal })
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.code !== 'SIGN_IN_REQUIRED') throw error
    const challenge = await firstChallenge(session.serverUrl, app)
    // Without a way to sign in, this throws the reason.
    await session.signIn({ challenge, signal })
    return await session.getAccessToken({ signal })
  }
}
