import type { BearerChallenge } from '@evergrant/core'
import type { AppliedFallback } from '@evergrant/core/authorization'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import type { SignInReason } from '../lib/errors.ts'
import { namingGuesses } from '../lib/assumption.ts'
import type { DiscoverOptions, Discovery } from '../protocol/discovery.ts'
import { discover } from '../protocol/discovery.ts'
import type { LockOutcome } from '../stores/store.ts'
import type { CheckBinding } from './binding-change.ts'
import { completeRedirectSignIn } from './complete-sign-in.ts'
import type { CurrentGrant } from './current-grant.ts'
import { adoptedSignIn, currentSignInReason, noteRefusedSignIn } from './existing-sign-in.ts'
import { watchFailures } from './failed-sign-in.ts'
import { prepareSignIn } from './prepare-sign-in.ts'
import { signInTurn } from './sign-in-records.ts'
import type { SignInUnderWay } from './redirect-sign-ins.ts'
import { redirectSignIns } from './redirect-sign-ins.ts'
import { forgetRegistration } from './registration.ts'
import type { SessionContext } from './session-context.ts'
import { sharedSignIn } from './shared-sign-in.ts'
import type { SignInOptions, SignInResult } from './sign-in-api.ts'
import { signInByMethod } from './sign-in-by-method.ts'
import type { RedirectSignIn, SignIn } from './sign-in-method.ts'
import type { SignInPreferences } from './sign-in-plan.ts'

/** What a sign-in needs in addition to the session. */
export interface SignInFlowOptions extends Pick<
  DiscoverOptions,
  'acceptedResource' | 'chooseAuthorizationServer'
> {
  readonly checkBinding: CheckBinding
  readonly method: SignIn
  readonly preferences: SignInPreferences
}

/** Signs the user in. At most one authorization page is open for a server, for all callers. */
export interface SignInFlow {
  readonly signIn: (options?: SignInOptions) => Promise<SignInResult>
  readonly completeSignIn: (callbackUrl: string) => Promise<SignInResult>
}

/** How long one process waits while another one signs the same user in to the same server. */
const turnWaitMilliseconds = 10 * 60_000
const shortTurnWaitMilliseconds = 5000

export function signInFlow(
  context: SessionContext,
  grants: CurrentGrant,
  options: SignInFlowOptions,
): SignInFlow {
  const { serverUrl, partition, store, http } = context
  const { method, preferences, checkBinding } = options
  const redirects = redirectSignIns(context)

  /** Only one process signs in to this server at a time. */
  async function takeTurn(request: SignInOptions): Promise<SignInResult> {
    const turn = await signInTurn(partition, serverUrl)
    const watch = await watchFailures(context, request)
    const locking = await store
      .lock(turn, {
        waitMilliseconds:
          method.kind === 'interactive' || method.kind === 'device'
            ? turnWaitMilliseconds
            : shortTurnWaitMilliseconds,
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      })
      .catch((cause: unknown): LockOutcome => {
        if (request.signal?.aborted) throw cause
        return { outcome: 'unavailable', reason: 'the store failed to lock', cause }
      })
    try {
      // Without the lock, a second page may open. That is better than no sign-in.
      return (
        (await adoptedSignIn(grants, checkBinding, request)) ??
        (await watch.run(() => noting(start(request))))
      )
    } finally {
      if (locking.outcome === 'acquired') await locking.lock.release()
    }
  }

  async function start(request: SignInOptions): Promise<SignInResult> {
    if (method.kind === 'none') {
      const reason = await currentSignInReason(grants, checkBinding, request)
      throw noSignInMethod(serverUrl, reason, request.challenge)
    }
    if (method.kind === 'redirect') throw await startRedirect(method, request)
    const discovery = await discoverServer(request)
    try {
      return await signInByMethod(context, grants, method, { discovery, request, preferences })
    } catch (error) {
      throw namingGuesses(error, discovery.assumptions)
    }
  }

  /** The error that tells the caller where the user signs in. */
  async function startRedirect(
    { redirectUri }: RedirectSignIn,
    request: SignInOptions,
  ): Promise<EvergrantClientError> {
    const underWay = await joinable(
      await redirects.underWay(request.challenge),
      request,
      grants,
      checkBinding,
    )
    let fallbacks = await redirects.fallbacks()
    let authorizationUrl = request.registerAgain === true ? undefined : underWay?.authorizationUrl
    if (authorizationUrl === undefined) {
      const discovery = await discoverServer(request)
      const keptScope = underWay?.requestedScope
      const sources = { discovery, request, redirectUri, preferences, keptScope, fallbacks }
      const planned = await prepareSignIn(context, grants, sources).catch((error: unknown) => {
        throw namingGuesses(error, discovery.assumptions)
      })
      fallbacks = planned.fallbacks
      authorizationUrl = await redirects.begin(planned, request.challenge)
    }
    const signInReason = await currentSignInReason(grants, checkBinding, request)
    return continueInBrowser(serverUrl, authorizationUrl, signInReason, request, fallbacks)
  }

  async function discoverServer(request: SignInOptions): Promise<Discovery> {
    const discovery = await discover(serverUrl, {
      ...http,
      signal: request.signal,
      resourceMetadataUrl: request.challenge?.resource_metadata,
      // A resource that was accepted once is accepted at each step-up.
      acceptedResource: options.acceptedResource ?? (await grants.load())?.binding.resource,
      chooseAuthorizationServer: options.chooseAuthorizationServer,
      trustedIssuer: context.trustedIssuer,
      clock: context.clock,
    })
    if (request.registerAgain === true) {
      await forgetRegistration(discovery.authorizationServer.issuer, context)
    }
    return discovery
  }

  /** A token endpoint that refuses after a sign-in gets no second one for the same refusal (C-59). */
  async function noting(signingIn: Promise<SignInResult>): Promise<SignInResult> {
    try {
      return await signingIn
    } catch (error) {
      await noteRefusedSignIn(grants, error)
      throw error
    }
  }

  /** The user has not signed in, so a stored grant does not make the next request unnecessary. */
  const startAgain =
    method.kind === 'redirect'
      ? (challenge: BearerChallenge | undefined) => takeTurn({ challenge, force: true })
      : undefined

  return {
    signIn: sharedSignIn(takeTurn),
    completeSignIn: (callbackUrl) =>
      noting(completeRedirectSignIn(context, grants, redirects, callbackUrl, startAgain)),
  }
}

/** An unfinished sign-in for the place that the MCP server has left is not joined (C-42). */
async function joinable(
  underWay: SignInUnderWay | undefined,
  { challenge }: SignInOptions,
  grants: CurrentGrant,
  checkBinding: CheckBinding,
): Promise<SignInUnderWay | undefined> {
  if (underWay === undefined) return undefined
  const change = await checkBinding(challenge?.resource_metadata)
  const left = grants.known()?.binding
  if (change === undefined || left === undefined) return underWay
  const isForFormerPlace =
    underWay.issuer === left.authorizationServer.issuer && underWay.resource === left.resource
  return isForFormerPlace ? undefined : underWay
}

function continueInBrowser(
  serverUrl: string,
  authorizationUrl: string,
  signInReason: SignInReason,
  { challenge }: SignInOptions,
  fallbacks: readonly AppliedFallback[],
): EvergrantClientError {
  const why = fallbacks.map(({ explanation }) => ` ${explanation}`).join('')
  return new EvergrantClientError(
    'SIGN_IN_REQUIRED',
    `The user must sign in to ${serverUrl}.${why} Send the user to the authorization URL, then pass the callback URL to completeSignIn().`,
    { signInReason, requiredScope: challenge?.scope?.join(' '), authorizationUrl },
  )
}

function noSignInMethod(
  serverUrl: string,
  signInReason: SignInReason,
  challenge: BearerChallenge | undefined,
): EvergrantClientError {
  const requiredScope = challenge?.scope?.join(' ')
  const forScope = requiredScope === undefined ? '' : ` for the scope ${quote(requiredScope)}`
  return new EvergrantClientError(
    'SIGN_IN_REQUIRED',
    `The user must sign in to ${serverUrl}${forScope}, and no \`signIn\` method is configured. Set the option signIn, or sign in with another program over the same store.`,
    { signInReason, requiredScope },
  )
}
