import type { SignOutResult } from '@evergrant/client'
import type { App } from '../connection/app.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'

const whatBecame: Readonly<Record<SignOutResult['revocation'], string>> = {
  revoked: 'The authorization server has revoked its tokens.',
  pending:
    'The authorization server could not be reached. Its tokens are revoked at the next status, login or logout.',
  'not-supported':
    'The authorization server offers no revocation: a token that was copied stays good until it expires.',
  refused:
    'The authorization server refused to revoke its tokens: one that was copied stays good until it expires.',
  'nothing-to-revoke': 'There was nothing to revoke.',
}

/** Signs out here at once, and at the authorization server as soon as it answers. */
export async function logout(serverUrl: string, app: App): Promise<CommandOutcome> {
  const session = app.session(serverUrl)
  await app.retryRevocations()
  const { revocation } = await session.signOut()
  return {
    exitCode: exitCodes.done,
    document: { serverUrl: session.serverUrl, revocation },
    text: `Signed out of ${session.serverUrl}. ${whatBecame[revocation]}`,
  }
}
