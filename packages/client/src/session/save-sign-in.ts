import type { AppliedFallback } from '@evergrant/core/authorization'
import type { Grant } from '../grant/grant.ts'
import { isSameIdentity } from '../grant/grant.ts'
import { persistently } from '../grant/persistently.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { aboutGrant } from '../lib/events.ts'
import type { CompletedAuthorization } from '../protocol/authorization-response.ts'
import type { CurrentGrant } from './current-grant.ts'
import type { Binding } from './records.ts'
import { identityOf } from './records.ts'
import { updateRegistration } from './registration.ts'
import { discardTokens } from './revocation.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInResult } from './sign-in-api.ts'

/** A sign-in whose tokens are to be saved. */
export interface CompletedSignIn {
  readonly binding: Binding
  readonly authorization: CompletedAuthorization
  readonly requestedScope: string | undefined
  /** The explanation if the server issued no refresh token. */
  readonly noRefreshTokenReason: string
  /** What the authorization server refused before. */
  readonly fallbacks: readonly AppliedFallback[]
}

/**
 * Saves the tokens of a sign-in, and makes the session use them.
 *
 * @throws EvergrantClientError `TOKEN_STORE_WRITE_FAILED`; the tokens are then revoked.
 */
export async function saveSignIn(
  context: SessionContext,
  grants: CurrentGrant,
  { requestedScope, noRefreshTokenReason, fallbacks, ...completed }: CompletedSignIn,
): Promise<SignInResult> {
  const { tokenSet, dpopKey, missingScopes, registration } = completed.authorization
  const binding: Binding = { ...completed.binding, registration }
  const previousGrant = await replacedGrant(grants, binding)
  const manager = await grants.managerFor(binding)
  const isIssued = tokenSet.refreshToken !== undefined
  const complete: Binding = isIssued ? binding : { ...binding, noRefreshTokenReason }
  try {
    const { serverUrl } = complete
    await manager.saveSignIn({ serverUrl, tokenSet, requestedScope, dpopKey, previousGrant })
    await persistently(context.clock, () => grants.use({ binding: complete, manager }))
  } catch (error) {
    if (!EvergrantClientError.is(error)) throw error
    // The code is spent and the tokens will never be used, so they must not stay valid.
    await discardTokens({ tokenSet }, binding, context)
    throw tokensNotSaved(error)
  }
  if (registration !== completed.binding.registration && registration.origin === 'dynamic') {
    // Only the authentication method differs. The next sign-in finds it out again if this fails.
    await updateRegistration(registration, context).catch(() => undefined)
  }
  if (missingScopes.length > 0) {
    context.observe({ ...aboutGrant(manager.identity), type: 'scope-narrowed', missingScopes })
  }
  for (const assumption of binding.assumptions ?? []) {
    context.observe({ ...aboutGrant(manager.identity), type: 'assumption-made', assumption })
  }
  return {
    identity: manager.identity,
    outcome: 'signed-in',
    scope: tokenSet.scope,
    ...(requestedScope === undefined ? {} : { requestedScope }),
    missingScopes,
    refreshToken: isIssued ? 'issued' : 'not-issued',
    ...(isIssued ? {} : { noRefreshTokenReason }),
    ...(fallbacks.length === 0 ? {} : { fallbacks }),
    ...(binding.assumptions === undefined ? {} : { assumptions: binding.assumptions }),
  }
}

/** The grant that served the MCP server until now, if the new one has another identity. */
async function replacedGrant(grants: CurrentGrant, binding: Binding): Promise<Grant | undefined> {
  try {
    const current = await grants.load()
    if (current === undefined || isSameIdentity(current.manager.identity, identityOf(binding))) {
      return undefined
    }
    return await current.manager.read()
  } catch {
    // What cannot be read is not remembered. The sign-in replaces it.
    return undefined
  }
}

function tokensNotSaved(cause: EvergrantClientError): EvergrantClientError {
  return new EvergrantClientError(
    'TOKEN_STORE_WRITE_FAILED',
    'The sign-in succeeded, but the token store could not save the tokens. The tokens were revoked. Check the disk space and permissions of the store, then sign in again.',
    { cause },
  )
}
