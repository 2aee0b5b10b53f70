import type { TokenSet } from '@evergrant/core'
import type { SignInReason } from '../lib/errors.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { CurrentGrant } from './current-grant.ts'
import { covers } from './scope-cover.ts'
import type { SignInOptions, SignInResult } from './sign-in-api.ts'

/** The finished sign-in of another process, if it makes the requested one unnecessary. */
export async function adoptedSignIn(
  grants: CurrentGrant,
  options: SignInOptions,
): Promise<SignInResult | undefined> {
  // A call without a reason always signs in.
  const hasReason = options.unusableAccessToken !== undefined || options.challenge !== undefined
  if (options.force === true || !hasReason) return undefined
  const manager = (await grants.load())?.manager
  const before = await manager?.read()
  if (manager === undefined || !mayServe(before?.tokenSet, options)) return undefined
  try {
    const { scope } = await manager.getAccessToken({
      rejectedAccessToken: options.unusableAccessToken,
    })
    const grant = await manager.read()
    const hasRefreshToken = grant?.tokenSet?.refreshToken !== undefined
    return {
      identity: manager.identity,
      outcome: 'adopted',
      scope,
      missingScopes: [],
      refreshToken: hasRefreshToken ? 'issued' : 'not-issued',
    }
  } catch (error) {
    // If the server cannot refresh now, opening the authorization page is not the answer.
    if (EvergrantClientError.is(error) && error.code !== 'SIGN_IN_REQUIRED') throw error
    return undefined
  }
}

/** Why the user must sign in now. */
export async function currentSignInReason(
  grants: CurrentGrant,
  options: SignInOptions,
): Promise<SignInReason> {
  const current = await grants.get()
  if (current === undefined) return 'never-signed-in'
  const grant = await current.manager.read()
  // A refresh never widens scope (C-24), so none is sent to find out.
  if (grant?.state === 'active' && !mayServe(grant.tokenSet, options)) return 'wider-scope-needed'
  try {
    await current.manager.getAccessToken({ rejectedAccessToken: options.unusableAccessToken })
  } catch (error) {
    if (EvergrantClientError.is(error) && error.signInReason !== undefined) {
      return error.signInReason
    }
  }
  return 'wider-scope-needed'
}

/**
 * Whether the stored tokens can make a sign-in unnecessary, perhaps after a refresh. A refresh never
 * widens scope (C-24): if scope is missing, only tokens that another process obtained after the
 * refusal can help.
 */
function mayServe(
  tokenSet: TokenSet | undefined,
  { challenge, unusableAccessToken }: SignInOptions,
): boolean {
  if (challenge?.error !== 'insufficient_scope') return covers(tokenSet?.scope, challenge)
  if (tokenSet === undefined || tokenSet.accessToken === unusableAccessToken) return false
  return (
    challenge.scope === undefined ||
    (tokenSet.scope !== undefined && covers(tokenSet.scope, challenge))
  )
}
