import type { BearerChallenge, ScopeDecision } from '@evergrant/core'
import {
  canonicalResource,
  explainMissingRefreshToken,
  missingScopes,
  readScope,
  selectProviderProfile,
} from '@evergrant/core'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { SignInReason } from '../errors.ts'
import { EvergrantClientError } from '../errors.ts'
import type { Observer } from '../events.ts'
import { aboutGrant, diagnosticsObserver } from '../events.ts'
import type { GrantEnd, GrantIdentity, GrantState } from '../grant/grant.ts'
import type { CompletedAuthorization } from '../protocol/authorization.ts'
import { completeAuthorization } from '../protocol/authorization.ts'
import type { Discovery } from '../protocol/discovery.ts'
import { discover, discoverProtectedResource } from '../protocol/discovery.ts'
import type { HttpOptions } from '../protocol/http.ts'
import type { ClientConfiguration } from '../protocol/registration.ts'
import { refreshRequest } from '../protocol/token-requests.ts'
import type { SignIn } from '../sign-in.ts'
import type { LockOutcome, RecordStore } from '../store.ts'
import type {
  AccessToken,
  GetAccessTokenOptions,
  TokenManager,
  TokenManagerOptions,
} from '../token-manager.ts'
import { createTokenManager } from '../token-manager.ts'
import type { Binding } from './records.ts'
import {
  bindingRecord,
  currentSignInRecord,
  registrationRecord,
  signInRecord,
  signInTurn,
} from './records.ts'
import type { RevocationState } from './revocation.ts'
import { noteRevocation, settleRevocation } from './revocation.ts'
import type { SignInPlan, SignInPreferences } from './sign-in-plan.ts'
import { planSignIn, registrationFor } from './sign-in-plan.ts'

/** What a session works with. */
export interface SessionOptions {
  /** Where grants live between calls, processes and machines. */
  readonly store: RecordStore
  readonly client: ClientConfiguration
  /** How a person signs in. Default: nobody can, and calls that need it say so. */
  readonly signIn?: SignIn | undefined
  /** Whose session this is among the users of this host. Default `default`. */
  readonly partition?: string | undefined
  readonly preferences?: SignInPreferences | undefined
  /** Used for every request to authorization servers and metadata documents. */
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly clock?: Clock | undefined
  /** Receives every event, besides the `evergrant.client` diagnostics channel. */
  readonly observe?: Observer | undefined
  /** The longest a single request may take. Default 15,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  /** Which of several authorization servers to use. Default: the first one listed. */
  readonly chooseAuthorizationServer?:
    | ((issuers: readonly string[]) => string | Promise<string>)
    | undefined
  /** Refresh timing, patience and lock waits; see {@link TokenManagerOptions}. */
  readonly refresh?:
    | Pick<
        TokenManagerOptions,
        'timing' | 'serverHealth' | 'patienceSeconds' | 'lockWaitMilliseconds' | 'atStep'
      >
    | undefined
}

/** Why and for what a person is asked to sign in. */
export interface SignInOptions {
  /** The challenge of the resource: its scope, and where its metadata is. */
  readonly challenge?: BearerChallenge | undefined
  /** A token that is not good enough: another process's sign-in counts only if it brought another. */
  readonly unusableAccessToken?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** What came of a sign-in. */
export interface SignInResult {
  readonly identity: GrantIdentity
  /** `adopted`: another caller or process signed in meanwhile; nobody was asked here. */
  readonly outcome: 'signed-in' | 'adopted'
  /** What was asked for and why; absent where another process asked. */
  readonly decision?: ScopeDecision
  readonly scope: string | undefined
  /** What was asked for and not granted. */
  readonly missingScopes: readonly string[]
  readonly refreshToken: 'issued' | 'not-issued'
  /** Why no refresh token came, in words. */
  readonly withoutRefreshToken?: string
}

/** Where a session stands. Nothing secret in it. */
export interface SessionStatus {
  readonly serverUrl: string
  readonly partition: string
  readonly state: GrantState | 'never-signed-in'
  readonly identity?: GrantIdentity
  readonly scope?: string
  readonly hasRefreshToken?: boolean
  readonly accessTokenExpiresAtEpochSeconds?: number
  /** A refresh that was begun and whose result is not known. */
  readonly refreshPending?: boolean
  readonly ended?: GrantEnd
  /** Why there is no refresh token, in words. */
  readonly withoutRefreshToken?: string
}

/** How signing out went. Locally it always succeeds. */
export interface SignOutResult {
  readonly revocation: RevocationState | 'nothing-to-revoke'
}

/** One user's sign-in to one MCP server. */
export interface Session {
  /** The MCP server, in canonical form. */
  readonly serverUrl: string
  /**
   * An access token that is good now; see {@link TokenManager.getAccessToken}. Nobody is asked to
   * sign in: where that is needed, it throws `SIGN_IN_REQUIRED`.
   */
  getAccessToken(options?: GetAccessTokenOptions): Promise<AccessToken>
  /**
   * Signs in, or widens what was granted. Concurrent calls, in this process and others over the
   * same store, are one sign-in.
   *
   * @throws EvergrantClientError `SIGN_IN_REQUIRED` with `authorizationUrl` in the redirect form;
   *   `SIGN_IN_FAILED` and the errors of discovery, registration and token requests.
   */
  signIn(options?: SignInOptions): Promise<SignInResult>
  /**
   * Finishes a sign-in of the redirect form, on any machine over the same store.
   *
   * @param callbackUrl - The redirect URI with the response's parameters, as it was received. Make
   *   sure that the person who brings it is the one this session belongs to.
   * @throws EvergrantClientError `AUTHORIZATION_RESPONSE_INVALID` and those of `signIn`.
   */
  completeSignIn(callbackUrl: string): Promise<SignInResult>
  /**
   * Whether the MCP server names another authorization server by now. Then its tokens are of no
   * use, and they are never sent to the new one.
   */
  authorizationServerChanged(resourceMetadataUrl?: string): Promise<boolean>
  /** Forgets the grant and revokes its tokens, as soon as the server can be reached (C-57). */
  signOut(): Promise<SignOutResult>
  status(): Promise<SessionStatus>
  /** Resolves when no refresh is under way: what to await before the process exits. */
  idle(): Promise<void>
}

/** How long one process waits while another signs the same person in to the same server. */
const turnWaitMilliseconds = 10 * 60_000
/** How long the authorization URL of the redirect form is handed out again. */
const signInLifetimeSeconds = 600

interface Bound {
  readonly binding: Binding
  readonly manager: TokenManager
}

/**
 * Opens the session of one user with one MCP server. Nothing is read or sent until it is used.
 *
 * @param serverUrl - The MCP endpoint, `https` (or `http` on loopback).
 * @throws ProtocolError of `@evergrant/core` where the URL cannot be one.
 */
export function createSession(serverUrl: string, options: SessionOptions): Session {
  const canonicalUrl = canonicalResource(serverUrl)
  const { store, client, partition = 'default', preferences = {} } = options
  const signInForm: SignIn = options.signIn ?? { kind: 'none' }
  const clock = options.clock ?? systemClock
  const observe = diagnosticsObserver(options.observe)
  const http: HttpOptions = {
    fetch: options.fetch,
    timeoutMilliseconds: options.requestTimeoutMilliseconds,
  }

  let bound: Bound | undefined
  let signingIn: Promise<SignInResult> | undefined

  return {
    serverUrl: canonicalUrl,
    getAccessToken,
    signIn,
    completeSignIn,
    authorizationServerChanged,
    signOut,
    status,
    idle: async () => await bound?.manager.idle(),
  }

  async function getAccessToken(asked?: GetAccessTokenOptions): Promise<AccessToken> {
    const first = bound ?? (await load())
    if (first === undefined) throw neverSignedIn()
    try {
      return await first.manager.getAccessToken(asked)
    } catch (error) {
      if (!EvergrantClientError.is(error) || error.code !== 'SIGN_IN_REQUIRED') throw error
      // Another process may have signed in anew, with another client or authorization server.
      const second = await load()
      if (second === undefined || second.manager === first.manager) {
        throw explained(error, first.binding)
      }
      return await second.manager.getAccessToken(asked)
    }
  }

  /** What the store says about this server now. */
  async function load(): Promise<Bound | undefined> {
    const { value: binding } = await (await bindingRecord(store, partition, canonicalUrl)).read()
    if (binding === undefined) bound = undefined
    else if (bound === undefined || !sameIdentity(bound.manager.identity, identityOf(binding))) {
      bound = { binding, manager: await managerFor(binding) }
    }
    return bound
  }

  async function managerFor(binding: Binding): Promise<TokenManager> {
    const { authorizationServer, registration } = binding
    const profile = preferences.profile ?? selectProviderProfile(authorizationServer.issuer)
    return await createTokenManager(identityOf(binding), {
      ...options.refresh,
      store,
      clock,
      observe: options.observe,
      exchange: (grant) =>
        refreshRequest(grant, { ...http, authorizationServer, registration, profile, clock }),
    })
  }

  function neverSignedIn(): EvergrantClientError {
    return new EvergrantClientError(
      'SIGN_IN_REQUIRED',
      `A person has to sign in to ${canonicalUrl}: nobody has signed in here yet.`,
      { signInReason: 'never-signed-in' },
    )
  }

  async function signIn(asked: SignInOptions = {}): Promise<SignInResult> {
    if (signingIn !== undefined) {
      const result = await signingIn
      // What was signed in to may still lack the scope this caller needs.
      if (covers(result.scope, asked.challenge)) return { ...result, outcome: 'adopted' }
    }
    signingIn ??= takeTurn(asked).finally(() => {
      signingIn = undefined
    })
    return await signingIn
  }

  /** One sign-in at a time for this server, over all processes. */
  async function takeTurn(asked: SignInOptions): Promise<SignInResult> {
    const turn = await signInTurn(partition, canonicalUrl)
    const locking = await store
      .lock(turn, {
        waitMilliseconds: signInForm.kind === 'interactive' ? turnWaitMilliseconds : 5000,
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
    const current = await load()
    const grant = await current?.manager.read()
    if (current === undefined || grant?.state !== 'active' || grant.tokenSet === undefined) {
      return undefined
    }
    const { tokenSet } = grant
    if (asked.unusableAccessToken === undefined && asked.challenge === undefined) return undefined
    if (tokenSet.accessToken === asked.unusableAccessToken) return undefined
    if (!covers(tokenSet.scope, asked.challenge)) return undefined
    const expiry = tokenSet.expiresAtEpochSeconds ?? Number.POSITIVE_INFINITY
    if (expiry <= clock.nowEpochSeconds()) return undefined
    return {
      identity: current.manager.identity,
      outcome: 'adopted',
      scope: tokenSet.scope,
      missingScopes: [],
      refreshToken: tokenSet.refreshToken === undefined ? 'not-issued' : 'issued',
    }
  }

  async function start(asked: SignInOptions): Promise<SignInResult> {
    if (signInForm.kind === 'none') {
      throw new EvergrantClientError(
        'SIGN_IN_REQUIRED',
        `A person has to sign in to ${canonicalUrl}, and this program was given no way to ask one. Sign in with a program that can, over the same store.`,
        { signInReason: await currentReason(asked) },
      )
    }
    if (signInForm.kind === 'redirect') {
      const handedOut = await signInUnderWay(asked)
      if (handedOut !== undefined) throw await continueInBrowser(handedOut, asked)
    }
    const discovery = await discover(canonicalUrl, {
      ...http,
      signal: asked.signal,
      resourceMetadataUrl: asked.challenge?.resource_metadata,
      chooseAuthorizationServer: options.chooseAuthorizationServer,
    })
    if (signInForm.kind === 'redirect') {
      const plan = await makePlan(discovery, asked, signInForm.redirectUri, preferences)
      throw await continueInBrowser(await storeSignIn(discovery, plan), asked)
    }
    try {
      return await interactively(discovery, asked, preferences)
    } catch (error) {
      const refusedScope =
        EvergrantClientError.is(error) &&
        error.oauthError === 'invalid_scope' &&
        preferences.wantsRefreshToken !== false
      if (!refusedScope) throw error
      // Some servers list offline_access and refuse it to this client. A sign-in without refresh
      // token is better than none, and the result says so.
      return await interactively(discovery, asked, { ...preferences, wantsRefreshToken: false })
    }
  }

  async function interactively(
    discovery: Discovery,
    asked: SignInOptions,
    wishes: SignInPreferences,
  ): Promise<SignInResult> {
    if (signInForm.kind !== 'interactive') throw neverSignedIn()
    const { issuer } = discovery.authorizationServer
    const { value: registered } = await (
      await registrationRecord(store, issuer, client.name)
    ).read()
    const prepared = await signInForm.prepare(registered?.redirectUri)
    try {
      const plan = await makePlan(discovery, asked, prepared.redirectUri, wishes)
      const callbackUrl = await prepared.authorize(plan.request.authorizationUrl, asked.signal)
      const binding = bindingOf(discovery, plan)
      const completed = await completeAuthorization(callbackUrl, plan.request.pending, {
        ...http,
        authorizationServer: discovery.authorizationServer,
        registration: plan.registration,
        profile: plan.profile,
        clock,
      })
      return {
        ...(await adopt(binding, completed, plan.request.pending.scope, missingReason(plan))),
        decision: plan.decision,
      }
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
    const current = await load()
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
      serverUrl: canonicalUrl,
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
    withoutRefreshToken: string,
  ): Promise<SignInResult> {
    const { tokenSet } = completed
    const manager = await managerFor(binding)
    await manager.adopt({ tokenSet, requestedScope })
    const refreshToken = tokenSet.refreshToken === undefined ? 'not-issued' : 'issued'
    const complete: Binding =
      refreshToken === 'issued' ? binding : { ...binding, withoutRefreshToken }
    await (await bindingRecord(store, partition, canonicalUrl)).put(complete)
    bound = { binding: complete, manager }
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
      ...(refreshToken === 'issued' ? {} : { withoutRefreshToken }),
    }
  }

  /** The redirect form's sign-in that was begun a short while ago, if it asks for enough. */
  async function signInUnderWay(asked: SignInOptions): Promise<string | undefined> {
    const turn = await signInTurn(partition, canonicalUrl)
    const { value: state } = await currentSignInRecord(store, turn).read()
    if (state === undefined) return undefined
    const { value: stored } = await (await signInRecord(store, state)).read()
    if (stored === undefined) return undefined
    const age = clock.nowEpochSeconds() - stored.pending.createdAtEpochSeconds
    if (age > signInLifetimeSeconds || !covers(stored.pending.scope, asked.challenge)) {
      return undefined
    }
    return stored.authorizationUrl
  }

  async function storeSignIn(discovery: Discovery, plan: SignInPlan): Promise<string> {
    const { pending, authorizationUrl } = plan.request
    await (
      await signInRecord(store, pending.state)
    ).put({
      binding: bindingOf(discovery, plan),
      pending,
      authorizationUrl,
      withoutRefreshToken: missingReason(plan),
    })
    await currentSignInRecord(store, await signInTurn(partition, canonicalUrl)).put(pending.state)
    return authorizationUrl
  }

  async function continueInBrowser(
    authorizationUrl: string,
    asked: SignInOptions,
  ): Promise<EvergrantClientError> {
    return new EvergrantClientError(
      'SIGN_IN_REQUIRED',
      `A person has to sign in to ${canonicalUrl}: send them to the authorization URL, and hand the URL they come back with to completeSignIn().`,
      { signInReason: await currentReason(asked), authorizationUrl },
    )
  }

  async function currentReason(asked: SignInOptions): Promise<SignInReason> {
    try {
      await getAccessToken({ rejectedAccessToken: asked.unusableAccessToken })
      return 'wider-scope-needed'
    } catch (error) {
      const reason = EvergrantClientError.is(error) ? error.signInReason : undefined
      return reason ?? 'wider-scope-needed'
    }
  }

  async function completeSignIn(callbackUrl: string): Promise<SignInResult> {
    const state = new URL(callbackUrl).searchParams.get('state') ?? ''
    const record = await signInRecord(store, state)
    const { value: stored } = await record.read()
    if (stored === undefined) throw usedUp()
    const { binding, pending } = stored
    if (binding.partition !== partition || binding.serverUrl !== canonicalUrl) {
      throw new EvergrantClientError(
        'AUTHORIZATION_RESPONSE_INVALID',
        'The authorization response belongs to the sign-in of another user or MCP server, and was not used. Hand it to the session it belongs to.',
      )
    }
    // A code is good for one exchange: of several who bring it, one takes it.
    if ((await record.take()) === undefined) throw usedUp()
    const { authorizationServer, registration } = binding
    const completed = await completeAuthorization(callbackUrl, pending, {
      ...http,
      authorizationServer,
      registration,
      profile: preferences.profile ?? selectProviderProfile(authorizationServer.issuer),
      clock,
    })
    const result = await adopt(binding, completed, pending.scope, stored.withoutRefreshToken)
    await currentSignInRecord(store, await signInTurn(partition, canonicalUrl)).remove()
    return result
  }

  async function authorizationServerChanged(resourceMetadataUrl?: string): Promise<boolean> {
    const current = bound ?? (await load())
    if (current === undefined) return false
    const found = await discoverProtectedResource(canonicalUrl, { ...http, resourceMetadataUrl })
    const issuers = found?.metadata.authorization_servers
    return issuers !== undefined && !issuers.includes(current.binding.authorizationServer.issuer)
  }

  async function signOut(): Promise<SignOutResult> {
    const current = await load()
    const grant = await current?.manager.read()
    if (current === undefined || grant === undefined) return { revocation: 'nothing-to-revoke' }
    const { authorizationServer, registration } = current.binding
    const token = grant.tokenSet?.refreshToken ?? grant.tokenSet?.accessToken
    const context = { store, clock, http }
    // Noted before it is forgotten: a crash in between leaves a token to revoke, not a live one.
    const note =
      token === undefined
        ? undefined
        : await noteRevocation(
            {
              token,
              hint: grant.tokenSet?.refreshToken === undefined ? 'access_token' : 'refresh_token',
              authorizationServer,
              registration,
              createdAtEpochSeconds: clock.nowEpochSeconds(),
            },
            context,
          )
    await current.manager.forget()
    const revocation =
      note === undefined ? 'nothing-to-revoke' : await settleRevocation(note, context)
    observe({ ...aboutGrant(current.manager.identity), type: 'signed-out', revocation })
    return { revocation }
  }

  async function status(): Promise<SessionStatus> {
    const current = await load()
    const grant = await current?.manager.read()
    const about = { serverUrl: canonicalUrl, partition }
    if (current === undefined || grant === undefined) return { ...about, state: 'never-signed-in' }
    const { tokenSet, ended } = grant
    const { withoutRefreshToken } = current.binding
    return {
      ...about,
      state: grant.state,
      identity: grant.identity,
      ...(tokenSet?.scope === undefined ? {} : { scope: tokenSet.scope }),
      ...(tokenSet === undefined ? {} : { hasRefreshToken: tokenSet.refreshToken !== undefined }),
      ...(tokenSet?.expiresAtEpochSeconds === undefined
        ? {}
        : { accessTokenExpiresAtEpochSeconds: tokenSet.expiresAtEpochSeconds }),
      refreshPending: grant.pending !== undefined,
      ...(ended === undefined ? {} : { ended }),
      ...(withoutRefreshToken === undefined ? {} : { withoutRefreshToken }),
    }
  }
}

/** To which server and user a callback URL belongs, so that a host can open the right session. */
export async function findSignIn(
  store: RecordStore,
  callbackUrl: string,
): Promise<{ readonly serverUrl: string; readonly partition: string } | undefined> {
  const state = new URL(callbackUrl).searchParams.get('state')
  if (state === null) return undefined
  const { value: stored } = await (await signInRecord(store, state)).read()
  return stored === undefined
    ? undefined
    : { serverUrl: stored.binding.serverUrl, partition: stored.binding.partition }
}

function usedUp(): EvergrantClientError {
  return new EvergrantClientError(
    'AUTHORIZATION_RESPONSE_INVALID',
    'The authorization response belongs to no sign-in under way: it was used already, has expired, or was forged. Start the sign-in again.',
  )
}

function identityOf(binding: Binding): GrantIdentity {
  return {
    partition: binding.partition,
    issuer: binding.authorizationServer.issuer,
    resource: binding.resource,
    clientId: binding.registration.clientId,
  }
}

function sameIdentity(one: GrantIdentity, other: GrantIdentity): boolean {
  return (
    one.partition === other.partition &&
    one.issuer === other.issuer &&
    one.resource === other.resource &&
    one.clientId === other.clientId
  )
}

/** Whether a scope holds everything a challenge asks for. Without a scope on either side: yes. */
function covers(scope: string | undefined, challenge: BearerChallenge | undefined): boolean {
  if (scope === undefined || challenge?.scope === undefined) return true
  return missingScopes(challenge.scope, readScope(scope).tokens).length === 0
}

function missingReason(plan: SignInPlan): string {
  return explainMissingRefreshToken(plan.decision)
}

function explained(error: EvergrantClientError, binding: Binding): EvergrantClientError {
  const { withoutRefreshToken } = binding
  if (error.signInReason !== 'no-refresh-token' || withoutRefreshToken === undefined) return error
  return new EvergrantClientError('SIGN_IN_REQUIRED', `${error.message} ${withoutRefreshToken}`, {
    signInReason: error.signInReason,
    cause: error,
  })
}
