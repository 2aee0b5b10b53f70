import { EvergrantClientError, listSessions } from '@evergrant/client'
import type { Session, SignOutResult } from '@evergrant/client'
import type { App } from '../connection/app.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'

const revocationTexts: Readonly<Record<SignOutResult['revocation'], string>> = {
  revoked: 'The authorization server has revoked the tokens.',
  pending:
    'The authorization server could not be reached. The next status, login or logout tries again to revoke the tokens.',
  'not-supported':
    'The authorization server does not support revocation. A copied token stays valid until it expires.',
  refused:
    'The authorization server refused to revoke the tokens. A copied token stays valid until it expires.',
  'nothing-to-revoke': 'There were no tokens to revoke.',
}

/** Signs out locally at once, and at the authorization server as soon as it answers. */
export async function logout(serverUrl: string, app: App): Promise<CommandOutcome> {
  const session = app.session(serverUrl)
  await app.retryRevocations()
  const wasSignedIn = await isStored(session)
  const { revocation } = await session.signOut()
  return {
    exitCode: exitCodes.done,
    document: {
      serverUrl: session.serverUrl,
      profile: app.profile,
      outcome: wasSignedIn ? 'signed-out' : 'not-signed-in',
      revocation,
    },
    text: wasSignedIn
      ? `Signed out of ${session.serverUrl}. ${revocationTexts[revocation]}`
      : await describeOthers(session.serverUrl, app),
  }
}

async function isStored(session: Session): Promise<boolean> {
  try {
    const { state } = await session.status()
    return state !== 'never-signed-in' && state !== 'signed-out'
  } catch (error) {
    // This read has set the damaged record aside, so the sign-in is no longer stored.
    if (EvergrantClientError.is(error) && error.code === 'RECORD_UNREADABLE') return true
    throw error
  }
}

/** The user may have mistyped the URL, or signed in under another profile. */
async function describeOthers(serverUrl: string, app: App): Promise<string> {
  const profile = app.profile === 'default' ? '' : ` with the profile ${app.profile}`
  const { serverUrls } = await listSessions(app.store, app.profile)
  const signedIn: string[] = []
  for (const url of serverUrls) if (await isStored(app.session(url))) signedIn.push(url)
  const stored =
    signedIn.length === 0
      ? 'There are no stored sign-ins.'
      : `Stored sign-ins: ${signedIn.join(', ')}`
  return `Nothing to sign out of: no sign-in to ${serverUrl} is stored${profile}. ${stored}`
}
