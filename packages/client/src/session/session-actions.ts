import { bindingCheck } from './binding-check.ts'
import type { CurrentGrant } from './current-grant.ts'
import { importSignIn } from './import-sign-in.ts'
import type { Session, SessionOptions } from './session-api.ts'
import type { SessionContext } from './session-context.ts'
import { sessionStatus } from './session-status.ts'
import { signInFlow } from './sign-in-flow.ts'
import { signOut } from './sign-out.ts'

/** What a session does besides giving out tokens. */
export type SessionActions = Pick<
  Session,
  'checkBinding' | 'completeSignIn' | 'importSignIn' | 'signIn' | 'signOut' | 'status'
>

/** The actions of one session. Concurrent callers share a sign-in and a check of the binding. */
export function sessionActions(
  context: SessionContext,
  grants: CurrentGrant,
  { acceptedResource, chooseAuthorizationServer, ...options }: SessionOptions,
): SessionActions {
  const { trustedIssuer } = context
  const checkBinding = bindingCheck(context, grants)
  const { signIn, completeSignIn } = signInFlow(context, grants, {
    checkBinding,
    preferences: options.preferences ?? {},
    method: options.signIn ?? { kind: 'none' },
    acceptedResource,
    chooseAuthorizationServer,
  })
  return {
    signIn,
    completeSignIn,
    importSignIn: (foreign) =>
      importSignIn(context, grants, foreign, {
        acceptedResource,
        chooseAuthorizationServer,
        trustedIssuer,
      }),
    checkBinding,
    signOut: () => signOut(context, grants),
    status: () => sessionStatus(context, grants),
  }
}
