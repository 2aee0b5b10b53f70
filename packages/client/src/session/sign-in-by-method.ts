import { DeviceGrantRefused } from '../protocol/device-authorization-request.ts'
import type { Discovery } from '../protocol/discovery.ts'
import { signInAsClient } from './client-credentials.ts'
import type { CurrentGrant } from './current-grant.ts'
import { signInByDeviceCode } from './device-sign-in.ts'
import { signInInteractively } from './interactive-sign-in.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInOptions, SignInResult } from './sign-in-api.ts'
import type { NoSignIn, RedirectSignIn, SignIn } from './sign-in-method.ts'
import type { SignInPreferences } from './sign-in-plan.ts'

/** What a sign-in needs in addition to the session and the method. */
export interface SignInInput {
  readonly discovery: Discovery
  readonly request: SignInOptions
  readonly preferences: SignInPreferences
}

/** Signs in with a method that this process completes. */
export async function signInByMethod(
  context: SessionContext,
  grants: CurrentGrant,
  method: Exclude<SignIn, NoSignIn | RedirectSignIn>,
  input: SignInInput,
): Promise<SignInResult> {
  if (method.kind === 'client-credentials') return await signInAsClient(context, grants, input)
  if (method.kind === 'interactive') {
    return await signInInteractively(context, grants, { ...input, method })
  }
  try {
    return await signInByDeviceCode(context, grants, { ...input, method })
  } catch (error) {
    if (!(error instanceof DeviceGrantRefused)) throw error
    if (method.otherwise === undefined) throw error.refusal
    return await signInInteractively(context, grants, { ...input, method: method.otherwise })
  }
}
