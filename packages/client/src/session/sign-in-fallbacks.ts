import type { AppliedFallback, SignInRefusal } from '@evergrant/core/authorization'
import { decideSignInFallback } from '@evergrant/core/authorization'
import { EvergrantClientError, withNote } from '../lib/errors.ts'
import { aboutGrant } from '../lib/events.ts'
import type { SignInBinding } from './sign-in-records.ts'
import { identityOf } from './records.ts'
import { forgetRegistration, registerAndStore } from './registration.ts'
import type { SessionContext } from './session-context.ts'

/** An authorization request that the server refused. */
export interface RefusedSignIn {
  readonly binding: SignInBinding
  readonly redirectUri: string
  readonly scope: string | undefined
  readonly prompt: string | undefined
  /** Whether the client was registered for this sign-in. */
  readonly clientIsNew: boolean
}

/** What the server said, if the error is its refusal of a sign-in. */
export function refusalOf(error: unknown): SignInRefusal | undefined {
  if (!EvergrantClientError.is(error)) return undefined
  const words = { error: error.oauthError, description: error.oauthErrorDescription }
  if (error.code === 'TOKEN_REQUEST_REFUSED') return { at: 'code-exchange', ...words }
  return error.code === 'SIGN_IN_FAILED' && error.oauthError !== undefined
    ? { at: 'authorization-response', ...words }
    : undefined
}

/**
 * Prepares the next request after a refusal: forgets a client that the server does not know, or
 * registers one with the requested scope.
 *
 * @returns The fallbacks of this sign-in, or `undefined` if no further request can help.
 */
export async function applyFallback(
  context: SessionContext,
  refused: RefusedSignIn,
  refusal: SignInRefusal,
  before: readonly AppliedFallback[],
): Promise<readonly AppliedFallback[] | undefined> {
  const { binding, scope, prompt, clientIsNew } = refused
  const { registration, authorizationServer } = binding
  let fallbacks = before
  for (;;) {
    const decision = decideSignInFallback(
      {
        scope,
        prompt,
        client: registration.origin !== 'dynamic' ? 'fixed' : clientIsNew ? 'new' : 'stored',
        registeredScope: registration.scope,
      },
      refusal,
      fallbacks.map(({ fallback }) => fallback),
    )
    if (decision.action === 'fail') return undefined
    const { fallback, explanation } = decision
    if (fallback === 'register-again') {
      await forgetRegistration(authorizationServer.issuer, context, registration.clientId)
    }
    const failure =
      fallback === 'register-with-scope' ? await registerWithScope(context, refused) : undefined
    if (failure !== undefined) {
      // Keep the client, and try the next fallback.
      const tried = `A client with the requested scope could not be registered: ${failure.message}`
      fallbacks = [...fallbacks, { fallback, explanation: tried }]
      continue
    }
    context.observe({
      ...aboutGrant(identityOf(binding)),
      type: 'sign-in-fallback',
      fallback,
      explanation,
      oauthError: refusal.error,
    })
    return [...fallbacks, { fallback, explanation }]
  }
}

/**
 * @returns The refusal of the server, if it does not register this scope.
 * @throws EvergrantClientError if the server cannot register now. Dropping scope would not be the answer.
 */
async function registerWithScope(
  context: SessionContext,
  { binding, redirectUri, scope }: RefusedSignIn,
): Promise<EvergrantClientError | undefined> {
  try {
    const registration = await registerAndStore(
      binding.authorizationServer,
      { redirectUri, usesDeviceGrant: binding.registration.usesDeviceGrant },
      context,
      scope,
    )
    context.observe({
      ...aboutGrant(identityOf({ ...binding, registration })),
      type: 'client-registered-again',
      reason: 'scope-not-registered',
    })
    return undefined
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.code !== 'REGISTRATION_FAILED') throw error
    return error
  }
}

/** The error of a sign-in that no further request can save, with what was tried. */
export function withFallbacks(error: unknown, fallbacks: readonly AppliedFallback[]): unknown {
  if (!EvergrantClientError.is(error) || fallbacks.length === 0) return error
  const tried = fallbacks.map(({ explanation }) => explanation).join(' ')
  return withNote(error, `Before that: ${tried}`)
}
