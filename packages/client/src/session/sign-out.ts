import { aboutGrant } from '../lib/events.ts'
import type { CurrentGrant } from './current-grant.ts'
import { forgetRegistration } from './registration.ts'
import { discardTokens, noteTokens, settleRevocation } from './revocation.ts'
import type { SignOutResult } from './session-api.ts'
import type { SessionContext } from './session-context.ts'

/** Removes the tokens of a session, and revokes them as soon as the server answers (C-57). */
export async function signOut(
  context: SessionContext,
  grants: CurrentGrant,
): Promise<SignOutResult> {
  const current = await grants.load()
  const grant = await current?.manager.read()
  // The next sign-in registers again. The server may have forgotten this client.
  if (current?.binding.registration.origin === 'dynamic') {
    await forgetRegistration(current.binding.authorizationServer.issuer, context)
  }
  if (current === undefined || grant === undefined) return { revocation: 'nothing-to-revoke' }
  // Record the revocation first: a crash in between then leaves a token to revoke, not a live one.
  const note = await noteTokens(grant, current.binding, context)
  const forgotten = await current.manager.forget()
  // Another process may have refreshed in between. Then its tokens must be revoked, too.
  if (forgotten?.tokenSet?.accessToken !== grant.tokenSet?.accessToken) {
    await discardTokens(forgotten ?? {}, current.binding, context)
  }
  const revocation =
    note === undefined ? 'nothing-to-revoke' : await settleRevocation(note, context)
  context.observe({ ...aboutGrant(current.manager.identity), type: 'signed-out', revocation })
  return { revocation }
}
