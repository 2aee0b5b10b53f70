import type { BearerChallenge, ScopeDecision, TokenSet } from '@evergrant/core'
import { explainMissingRefreshToken } from '@evergrant/core'
import { detachable } from '../lib/abortable.ts'
import type { SignInReason } from '../lib/errors.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import { aboutGrant } from '../lib/events.ts'
import type { GrantIdentity } from '../grant/grant.ts'
import { persistently } from '../grant/persistently.ts'
import type { CompletedAuthorization } from '../protocol/authorization.ts'
import { completeAuthorization } from '../protocol/authorization.ts'
import type { DiscoverOptions, Discovery } from '../protocol/discovery.ts'
import { discover } from '../protocol/discovery.ts'
import type { SignIn } from './sign-in-method.ts'
import type { LockOutcome } from '../stores/store.ts'
import type { CurrentGrant, SessionContext } from './current-grant.ts'
import { profileOf } from './current-grant.ts'
import type { Binding } from './records.ts'
import { assertWritable, registrationRecord, signInTurn } from './records.ts'
import { redirectSignIns } from './redirect-sign-ins.ts'
import { discardTokens } from './revocation.ts'
import { covers } from './scope-cover.ts'
import type { SignInPlan, SignInPreferences } from './sign-in-plan.ts'
import { planSignIn, registrationFor } from './sign-in-plan.ts'

/** Why and for what a person is asked to sign in. */
export interface SignInOptions {
  /** The challenge of the resource: its scope, and where its metadata is. */
  readonly challenge?: BearerChallenge | undefined
  /** A token that is not good enough: another process's sign-in counts only if it brought another. */
  readonly unusableAccessToken?: string | undefined
  /** Ask the person whatever is stored: to change the account, or to sign in once more. */
  readonly anew?: boolean | undefined
  /** Lets this caller leave. The sign-in goes on for as long as another one waits for it. */
  readonly signal?: AbortSignal | undefined
}

/** What came of a sign-in. */
export interface SignInResult {
  readonly identity: GrantIdentity
  /** `adopted`: another caller or process signed in meanwhile; nobody was asked here. */
  readonly outcome: 'signed-in' | 'adopted'
  /** What was asked for and why; absent where another process asked. */
  readonly decision?: ScopeDecision
  /** What others got wrong on the way, and what deviates from the standards, in plain words. */
  readonly warnings?: readonly string[]
  readonly scope: string | undefined
  /** What was asked for and not granted. */
  readonly missingScopes: readonly string[]
  readonly refreshToken: 'issued' | 'not-issued'
  /** Why no refresh token came, in words. */
  readonly noRefreshTokenReason?: string
}

/** What a sign-in is made with, besides the session's own. */
export interface SignInFlowOptions extends Pick<
  DiscoverOptions,
  'acceptedResource' | 'chooseAuthorizationServer'
> {
  readonly form: SignIn
  readonly preferences: SignInPreferences
}

/** Signs a person in: one page at a time for a server, however many ask for it. */
export interface SignInFlow {
  readonly signIn: (asked?: SignInOptions) => Promise<SignInResult>
  readonly completeSignIn: (callbackUrl: string) => Promise<SignInResult>
}

/** A sign-in that several callers of this process wait for. */
interface SharedSignIn {
  readonly result: Promise<SignInResult>
  /** Aborted when the last of them has left. */
  readonly abandoned: AbortController
  waiting: number
}

/** How long one process waits while another signs the same person in to the same server. */
const turnWaitMilliseconds = 10 * 60_000

export function signInFlow(
  context: SessionContext,
  grants: CurrentGrant,
  options: SignInFlowOptions,
): SignInFlow {
  const { serverUrl, partition, client, store, clock, http, observe, dpop } = context
  const { form, preferences } = options
  const redirects = redirectSignIns(context)
  let signingIn: SharedSignIn | undefined

  return { signIn, completeSignIn }

  async function signIn(asked: SignInOptions = {}): Promise<SignInResult> {
    asked.signal?.throwIfAborted()
    if (signingIn !== undefined) {
      const result = await wait(signingIn, asked.signal)
      // What was signed in to may still lack the scope this caller needs.
      if (covers(result.scope, asked.challenge)) return { ...result, outcome: 'adopted' }
    }
    signingIn ??= share(asked)
    return await wait(signingIn, asked.signal)
  }

  /** The sign-in belongs to all who wait for it, not to the one whose call began it. */
  function share(asked: SignInOptions): SharedSignIn {
    const abandoned = new AbortController()
    const result = takeTurn({ ...asked, signal: abandoned.signal }).finally(() => {
      if (signingIn === shared) signingIn = undefined
    })
    const shared: SharedSignIn = { result, abandoned, waiting: 0 }
    return shared
  }

  async function wait(
    shared: SharedSignIn,
    signal: AbortSignal | undefined,
  ): Promise<SignInResult> {
    shared.waiting += 1
    try {
      return await detachable(shared.result, signal)
    } finally {
      shared.waiting -= 1
      // One that is settled is nobody's any more, and nothing is left to give up.
      if (shared.waiting === 0 && signingIn === shared) {
        // Whoever comes now begins one of their own, instead of sharing the end of this one.
        signingIn = undefined
        shared.abandoned.abort(signal?.reason)
      }
    }
  }

  /** One sign-in at a time for this server, over all processes. */
  async function takeTurn(asked: SignInOptions): Promise<SignInResult> {
    const turn = await signInTurn(partition, serverUrl)
    const locking = await store
      .lock(turn, {
        waitMilliseconds: form.kind === 'interactive' ? turnWaitMilliseconds : 5000,
        ...(asked.signal === undefined ? {} : { signal: asked.signal }),
      })
      .catch((cause: unknown): LockOutcome => {
        if (asked.signal?.aborted) throw cause
        return { outcome: 'unavailable', reason: 'the store failed to lock', cause }
      })
    try {
      const adopted = await signedInMeanwhile(asked)
      if (adopted !== undefined) return adopted
      // Without the lock a second page may open: a nuisance, while no sign-in would be a failure.
      return await start(asked)
    } finally {
      if (locking.outcome === 'acquired') await locking.lock.release()
    }
  }

  /** Another process's finished sign-in, where it serves the purpose of this one. */
  async function signedInMeanwhile(asked: SignInOptions): Promise<SignInResult | undefined> {
    // Who asks without a reason wants to sign in, whatever is there.
    const hasReason = asked.unusableAccessToken !== undefined || asked.challenge !== undefined
    if (asked.anew === true || !hasReason) return undefined
    const manager = (await grants.load())?.manager
    const before = await manager?.read()
    if (manager === undefined || !mayServe(before?.tokenSet, asked)) return undefined
    try {
      const { scope } = await manager.getAccessToken({
        rejectedAccessToken: asked.unusableAccessToken,
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
      // A server that cannot refresh now is no reason to open a page.
      if (EvergrantClientError.is(error) && error.code !== 'SIGN_IN_REQUIRED') throw error
      return undefined
    }
  }

  async function start(asked: SignInOptions): Promise<SignInResult> {
    if (form.kind === 'none') {
      throw noWayToSignIn(serverUrl, await currentReason(asked), asked.challenge)
    }
    if (form.kind === 'redirect') {
      const handedOut = await redirects.underWay(asked.challenge)
      if (handedOut !== undefined) throw await continueInBrowser(handedOut, asked)
    }
    const discovery = await discover(serverUrl, {
      ...http,
      signal: asked.signal,
      resourceMetadataUrl: asked.challenge?.resource_metadata,
      // What was accepted once is not asked about at each step-up.
      acceptedResource: options.acceptedResource ?? (await grants.load())?.binding.resource,
      chooseAuthorizationServer: options.chooseAuthorizationServer,
    })
    if (form.kind === 'redirect') {
      const plan = await makePlan(discovery, asked, form.redirectUri, preferences)
      const authorizationUrl = await redirects.begin(bindingOf(discovery, plan), plan)
      throw await continueInBrowser(authorizationUrl, asked)
    }
    const result = await interactively(discovery, asked, preferences)
    if (result !== 'offline-access-refused') return result
    // Some servers list offline_access and refuse it to this client. A sign-in without refresh
    // token is better than none, and the result says so.
    const modest = { ...preferences, wantsRefreshToken: false }
    const second = await interactively(discovery, asked, modest)
    if (second !== 'offline-access-refused') return second
    throw new EvergrantClientError(
      'SIGN_IN_FAILED',
      'The authorization server refuses the scope of the sign-in, with offline_access and without. Its operator can tell which scope this client may ask for.',
      { oauthError: 'invalid_scope' },
    )
  }

  async function interactively(
    discovery: Discovery,
    asked: SignInOptions,
    wishes: SignInPreferences,
  ): Promise<SignInResult | 'offline-access-refused'> {
    if (form.kind !== 'interactive')
      throw noWayToSignIn(serverUrl, 'never-signed-in', asked.challenge)
    const { issuer } = discovery.authorizationServer
    const { value: registered } = await (
      await registrationRecord(store, issuer, client.name)
    ).read()
    // Before a person is asked for something that could not be saved.
    await assertWritable(store, partition, serverUrl)
    const prepared = await form.prepare(registered?.redirectUri)
    let offlineAccessSent = false
    try {
      const plan = await makePlan(discovery, asked, prepared.redirectUri, wishes)
      // A page that nobody waits for is not opened.
      asked.signal?.throwIfAborted()
      offlineAccessSent = ['added', 'already-present'].includes(plan.decision.offlineAccess)
      const callbackUrl = await prepared.authorize(plan.request.authorizationUrl, asked.signal)
      const { pending } = plan.request
      const completed = await completeAuthorization(callbackUrl, pending, {
        ...http,
        authorizationServer: discovery.authorizationServer,
        registration: plan.registration,
        profile: plan.profile,
        clock,
        dpop,
      })
      const why = explainMissingRefreshToken(plan.decision)
      return {
        ...(await adopt(bindingOf(discovery, plan), completed, pending.scope, why)),
        decision: plan.decision,
        warnings: warningsOf(discovery, plan),
      }
    } catch (error) {
      if (isRefusalOfOfflineAccess(error, offlineAccessSent)) return 'offline-access-refused'
      throw error
    } finally {
      await prepared.close()
    }
  }

  async function makePlan(
    discovery: Discovery,
    asked: SignInOptions,
    redirectUri: string,
    wishes: SignInPreferences,
  ): Promise<SignInPlan> {
    const current = await grants.load()
    const grant = await current?.manager.read()
    const refused =
      grant?.ended?.reason === 'registration-ended' ? grant.identity.clientId : undefined
    const registration = await registrationFor(discovery, client, redirectUri, refused, {
      store,
      clock,
      http,
    })
    // Scope granted by another authorization server says nothing about this one.
    const sameServer = current?.binding.authorizationServer.issuer === registration.issuer
    return await planSignIn({
      discovery,
      challenge: asked.challenge,
      client,
      registration,
      redirectUri,
      preferences: wishes,
      grant: sameServer ? grant : undefined,
      clock,
    })
  }

  function bindingOf(discovery: Discovery, plan: SignInPlan): Binding {
    return {
      serverUrl: serverUrl,
      partition,
      resource: discovery.resource,
      authorizationServer: discovery.authorizationServer,
      registration: plan.registration,
    }
  }

  /** Saves the grant, then makes the session use it. */
  async function adopt(
    binding: Binding,
    completed: CompletedAuthorization,
    requestedScope: string | undefined,
    noRefreshTokenReason: string,
  ): Promise<SignInResult> {
    const { tokenSet, dpopKey } = completed
    const manager = await grants.managerFor(binding)
    const refreshToken = tokenSet.refreshToken === undefined ? 'not-issued' : 'issued'
    const complete: Binding =
      refreshToken === 'issued' ? binding : { ...binding, noRefreshTokenReason }
    try {
      await manager.adopt({ tokenSet, requestedScope, dpopKey })
      await persistently(clock, () => grants.use({ binding: complete, manager }))
    } catch (error) {
      if (!EvergrantClientError.is(error)) throw error
      // The code is spent, and nobody will ever present these: they do not stay alive unseen.
      await discardTokens({ tokenSet }, binding, context)
      throw tokensNotSaved(error)
    }
    if (completed.missingScopes.length > 0) {
      observe({
        ...aboutGrant(manager.identity),
        type: 'scope-narrowed',
        missingScopes: completed.missingScopes,
      })
    }
    return {
      identity: manager.identity,
      outcome: 'signed-in',
      scope: tokenSet.scope,
      missingScopes: completed.missingScopes,
      refreshToken,
      ...(refreshToken === 'issued' ? {} : { noRefreshTokenReason }),
    }
  }

  async function continueInBrowser(
    authorizationUrl: string,
    asked: SignInOptions,
  ): Promise<EvergrantClientError> {
    return new EvergrantClientError(
      'SIGN_IN_REQUIRED',
      `A person has to sign in to ${serverUrl}: send them to the authorization URL, and hand the URL they come back with to completeSignIn().`,
      {
        signInReason: await currentReason(asked),
        requiredScope: asked.challenge?.scope?.join(' '),
        authorizationUrl,
      },
    )
  }

  async function currentReason(asked: SignInOptions): Promise<SignInReason> {
    const current = await grants.get()
    if (current === undefined) return 'never-signed-in'
    const grant = await current.manager.read()
    // No refresh widens scope (C-24): one sent to find out why would be spent for nothing.
    if (grant?.state === 'active' && !mayServe(grant.tokenSet, asked)) return 'wider-scope-needed'
    try {
      await current.manager.getAccessToken({ rejectedAccessToken: asked.unusableAccessToken })
    } catch (error) {
      if (EvergrantClientError.is(error) && error.signInReason !== undefined) {
        return error.signInReason
      }
    }
    return 'wider-scope-needed'
  }

  async function completeSignIn(callbackUrl: string): Promise<SignInResult> {
    const { binding, pending, noRefreshTokenReason } = await redirects.take(callbackUrl)
    const { authorizationServer, registration } = binding
    const completed = await completeAuthorization(callbackUrl, pending, {
      ...http,
      authorizationServer,
      registration,
      profile: profileOf(context, authorizationServer.issuer),
      clock,
      dpop,
    })
    const result = await adopt(binding, completed, pending.scope, noRefreshTokenReason)
    await redirects.finished(pending.state)
    return result
  }
}

/**
 * Whether what is stored can serve the purpose of a sign-in, perhaps after a refresh. A refresh
 * never widens scope (C-24): where scope is missing, only tokens that somebody else got since the
 * refusal are worth a try.
 */
function mayServe(tokenSet: TokenSet | undefined, asked: SignInOptions): boolean {
  const { challenge } = asked
  if (challenge?.error !== 'insufficient_scope') return covers(tokenSet?.scope, challenge)
  if (tokenSet === undefined || tokenSet.accessToken === asked.unusableAccessToken) return false
  return (
    challenge.scope === undefined ||
    (tokenSet.scope !== undefined && covers(tokenSet.scope, challenge))
  )
}

function tokensNotSaved(cause: EvergrantClientError): EvergrantClientError {
  return new EvergrantClientError(
    'TOKEN_STORE_WRITE_FAILED',
    'The sign-in succeeded, and the token store refused to save what it brought; the tokens were revoked. Check the disk space and permissions of the store, then sign in again.',
    { cause },
  )
}

function isRefusalOfOfflineAccess(error: unknown, offlineAccessSent: boolean): boolean {
  return offlineAccessSent && EvergrantClientError.is(error) && error.oauthError === 'invalid_scope'
}

function warningsOf(discovery: Discovery, plan: SignInPlan): readonly string[] {
  return [
    ...discovery.warnings.map(({ message }) => message),
    ...plan.decision.warnings.map(({ message }) => message),
    ...plan.request.warnings,
  ]
}

function noWayToSignIn(
  serverUrl: string,
  signInReason: SignInReason,
  challenge: BearerChallenge | undefined,
): EvergrantClientError {
  const requiredScope = challenge?.scope?.join(' ')
  const forWhat = requiredScope === undefined ? '' : ` for the scope ${quote(requiredScope)}`
  return new EvergrantClientError(
    'SIGN_IN_REQUIRED',
    `A person has to sign in to ${serverUrl}${forWhat}, and this program was given no way to ask one. Sign in with a program that can, over the same store.`,
    { signInReason, requiredScope },
  )
}
