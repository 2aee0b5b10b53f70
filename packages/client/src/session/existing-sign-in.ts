import type { Grant } from '../grant/grant.ts'
import type { SignInReason } from '../lib/errors.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { CheckBinding } from './binding-change.ts'
import { mayFollowFromMove } from './binding-change.ts'
import type { CurrentGrant } from './current-grant.ts'
import type { SignInOptions, SignInResult } from './sign-in-api.ts'
import { isStepUp, servesChallenge } from './sign-in-coverage.ts'

/** The stored sign-in, if it makes the requested one unnecessary. */
export async function adoptedSignIn(
  grants: CurrentGrant,
  checkBinding: CheckBinding,
  options: SignInOptions,
): Promise<SignInResult | undefined> {
  if (options.force === true || options.registerAgain === true) return undefined
  const current = await grants.load()
  const before = await current?.manager.read()
  if (current === undefined || !mayServe(before, options)) return undefined
  const { manager, binding } = current
  const { challenge, unusableAccessToken } = options
  const isRefused =
    unusableAccessToken !== undefined && unusableAccessToken === before?.tokenSet?.accessToken
  const hasReason = unusableAccessToken !== undefined || challenge !== undefined
  if (isRefused || !hasReason) {
    // After a move, tokens of the former authorization server are not accepted, refreshed or not.
    const change = await checkBinding(options.challenge?.resource_metadata)
    if (change !== undefined) return undefined
  }
  try {
    const { scope } = await manager.getAccessToken({
      rejectedAccessToken: options.unusableAccessToken,
      signal: options.signal,
    })
    const grant = await manager.read()
    const { noRefreshTokenReason } = binding
    const requestedScope = grant?.requestedScope
    return {
      identity: manager.identity,
      outcome: 'adopted',
      scope,
      ...(requestedScope === undefined ? {} : { requestedScope }),
      missingScopes: [],
      refreshToken: grant?.tokenSet?.refreshToken === undefined ? 'not-issued' : 'issued',
      ...(noRefreshTokenReason === undefined ? {} : { noRefreshTokenReason }),
    }
  } catch (error) {
    // If the server cannot refresh now, opening the authorization page is not the answer.
    if (EvergrantClientError.is(error) && error.code === 'SIGN_IN_REQUIRED') return undefined
    // Unless the MCP server has moved to another authorization server.
    if (mayFollowFromMove(error) && (await checkBinding()) !== undefined) return undefined
    throw error
  }
}

/** Notes in the stored grant that the token endpoint refused a sign-in, too. */
export async function noteRefusedSignIn(grants: CurrentGrant, error: unknown): Promise<void> {
  if (!EvergrantClientError.is(error) || error.code !== 'TOKEN_REQUEST_REFUSED') return
  try {
    await (await grants.load())?.manager.noteFailedSignIn()
  } catch {
    // The error of the sign-in matters more than a store that cannot save the note.
  }
}

/** Why the user must sign in now. */
export async function currentSignInReason(
  grants: CurrentGrant,
  checkBinding: CheckBinding,
  options: SignInOptions,
): Promise<SignInReason> {
  const current = await grants.get()
  if (current === undefined) return 'never-signed-in'
  const grant = await current.manager.read()
  // A refresh never widens scope (C-24), so none is sent to find out.
  if (grant?.state === 'active' && !mayServe(grant, options)) return 'wider-scope-needed'
  if (options.unusableAccessToken !== undefined) {
    const change = await checkBinding(options.challenge?.resource_metadata)
    if (change !== undefined) return change.reason
  }
  try {
    await current.manager.getAccessToken({ rejectedAccessToken: options.unusableAccessToken })
  } catch (error) {
    const change = mayFollowFromMove(error) ? await checkBinding() : undefined
    if (change !== undefined) return change.reason
    if (EvergrantClientError.is(error) && error.signInReason !== undefined) {
      return error.signInReason
    }
  }
  return 'wider-scope-needed'
}

/**
 * Whether the stored grant can make a sign-in unnecessary, perhaps after a refresh. A refresh never
 * widens scope (C-24): after `insufficient_scope`, only tokens that another caller or process obtained
 * after the refusal can help, from a sign-in that requested the scope.
 */
function mayServe(
  grant: Grant | undefined,
  { challenge, unusableAccessToken }: SignInOptions,
): boolean {
  if (!isStepUp(challenge)) return true
  const { tokenSet, requestedScope } = grant ?? {}
  if (tokenSet === undefined || tokenSet.accessToken === unusableAccessToken) return false
  return servesChallenge({ requestedScope, scope: tokenSet.scope }, challenge)
}
