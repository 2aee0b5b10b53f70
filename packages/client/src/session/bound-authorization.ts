import type { CompletedAuthorization } from '../protocol/authorization-response.ts'
import { completeAuthorization } from '../protocol/authorization-response.ts'
import type { PendingAuthorization } from '../protocol/pending-authorization.ts'
import type { SignInBinding } from './sign-in-records.ts'
import type { SessionContext } from './session-context.ts'

/**
 * Checks an authorization response and exchanges its code, at the authorization server and as the
 * client of a binding.
 *
 * @param callbackUrl - The redirect URI with the parameters of the response, as it was received.
 * @throws EvergrantClientError The errors of {@link completeAuthorization}
 */
export async function completeBoundAuthorization(
  { http, clock, dpop, trustedIssuer, profileOf }: SessionContext,
  { authorizationServer, registration }: SignInBinding,
  pending: PendingAuthorization,
  callbackUrl: string,
): Promise<CompletedAuthorization> {
  return await completeAuthorization(callbackUrl, pending, {
    ...http,
    authorizationServer,
    registration,
    profile: profileOf(authorizationServer.issuer),
    clock,
    dpop,
    trustedIssuer,
  })
}
