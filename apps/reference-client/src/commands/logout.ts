import type { SignOutResult } from '@evergrant/client'
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
  const { revocation } = await session.signOut()
  return {
    exitCode: exitCodes.done,
    document: { serverUrl: session.serverUrl, revocation },
    text: `Signed out of ${session.serverUrl}. ${revocationTexts[revocation]}`,
  }
}
