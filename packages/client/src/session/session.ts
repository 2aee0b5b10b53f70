import { canonicalResource, parseEndpoint } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { Observer } from '../lib/events.ts'
import { aboutGrant, diagnosticsObserver } from '../lib/events.ts'
import type { GrantEnd, GrantIdentity, GrantState } from '../grant/grant.ts'
import { dpopProver, sendWithProof } from '../protocol/dpop.ts'
import type { DiscoverOptions } from '../protocol/discovery.ts'
import { discoverProtectedResource } from '../protocol/discovery.ts'
import type { ClientConfiguration } from '../protocol/registration.ts'
import type { SignIn } from './sign-in-method.ts'
import type { RecordStore } from '../stores/store.ts'
import type {
  AccessToken,
  GetAccessTokenOptions,
  TokenManagerOptions,
} from '../grant/token-manager.ts'
import type { SessionContext } from './current-grant.ts'
import { currentGrant } from './current-grant.ts'
import type { Binding } from './records.ts'
import type { RevocationState } from './revocation.ts'
import { discardTokens, noteTokens, settleRevocation } from './revocation.ts'
import type { SignInOptions, SignInResult } from './sign-in-flow.ts'
import { signInFlow } from './sign-in-flow.ts'
import type { SignInPreferences } from './sign-in-plan.ts'

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
  /**
   * A resource wider than the MCP server's URL that you accept wherever its metadata lies; see
   * {@link DiscoverOptions.acceptedResource}. Default: the resource of the current grant, if any.
   */
  readonly acceptedResource?: DiscoverOptions['acceptedResource']
  /** Which of several authorization servers to use. Default: the first one listed. */
  readonly chooseAuthorizationServer?:
    | ((issuers: readonly string[]) => string | Promise<string>)
    | undefined
  /** Refresh timing, patience and lock waits; see {@link TokenManagerOptions}. */
  readonly refresh?:
    | Pick<
        TokenManagerOptions,
        'timing' | 'serverHealth' | 'maximumWaitSeconds' | 'lockWaitMilliseconds' | 'atStep'
      >
    | undefined
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
  readonly noRefreshTokenReason?: string
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
   * Sends one request with a token of this session, and a proof where the token is bound to a key
   * (DPoP). What comes back is the resource's answer, whatever it is.
   */
  send(
    token: AccessToken,
    url: string,
    init: RequestInit,
    fetch: typeof globalThis.fetch,
  ): Promise<Response>
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
  whenIdle(): Promise<void>
}

/**
 * Opens the session of one user with one MCP server. Nothing is read or sent until it is used.
 *
 * @param mcpServerUrl - The MCP endpoint, `https` (or `http` on loopback).
 * @throws ProtocolError of `@evergrant/core` where the URL cannot be one, or would carry tokens in
 *   the clear.
 */
export function createSession(mcpServerUrl: string, options: SessionOptions): Session {
  const serverUrl = canonicalResource(parseEndpoint(mcpServerUrl, 'The MCP server URL'))
  const { store, client, partition = 'default', preferences = {} } = options
  const clock = options.clock ?? systemClock
  const observe = diagnosticsObserver(options.observe)
  const http = {
    fetch: options.fetch,
    requestTimeoutMilliseconds: options.requestTimeoutMilliseconds,
  }
  const context: SessionContext = {
    serverUrl,
    partition,
    client,
    store,
    clock,
    http,
    observe,
    profile: preferences.profile,
    refresh: options.refresh,
    dpop: dpopProver(),
  }
  const grants = currentGrant(context)
  const signIns = signInFlow(context, grants, {
    preferences,
    form: options.signIn ?? { kind: 'none' },
    acceptedResource: options.acceptedResource,
    chooseAuthorizationServer: options.chooseAuthorizationServer,
  })

  return {
    serverUrl,
    getAccessToken,
    send,
    signIn: signIns.signIn,
    completeSignIn: signIns.completeSignIn,
    authorizationServerChanged,
    signOut,
    status,
    whenIdle: grants.whenIdle,
  }

  // Not async: most calls end here, and what they would wait for costs more than all the rest.
  function getAccessToken(asked?: GetAccessTokenOptions): Promise<AccessToken> {
    return (
      grants.known()?.manager.fromMemory(asked?.rejectedAccessToken) ?? obtainAccessToken(asked)
    )
  }

  async function obtainAccessToken(asked?: GetAccessTokenOptions): Promise<AccessToken> {
    const first = await grants.get()
    if (first === undefined) throw neverSignedIn(serverUrl)
    try {
      return await first.manager.getAccessToken(asked)
    } catch (error) {
      if (!EvergrantClientError.is(error) || error.code !== 'SIGN_IN_REQUIRED') throw error
      // Another process may have signed in anew, with another client or authorization server.
      const second = await grants.load()
      if (second === undefined || second.manager === first.manager) {
        throw explained(error, first.binding)
      }
      return await second.manager.getAccessToken(asked)
    }
  }

  async function send(
    token: AccessToken,
    url: string,
    init: RequestInit,
    fetch: typeof globalThis.fetch,
  ): Promise<Response> {
    const key = token.tokenType === 'DPoP' ? (await grants.get())?.manager.dpopKey() : undefined
    if (key !== undefined) {
      const handle = await context.dpop.handle(key)
      return await sendWithProof(handle, token.value, url, init, fetch)
    }
    const headers = new Headers(init.headers)
    headers.set('authorization', `${token.tokenType} ${token.value}`)
    return await fetch(url, { ...init, headers })
  }

  async function authorizationServerChanged(resourceMetadataUrl?: string): Promise<boolean> {
    const current = await grants.get()
    if (current === undefined) return false
    const found = await discoverProtectedResource(serverUrl, {
      ...http,
      resourceMetadataUrl,
      acceptedResource: current.binding.resource,
    })
    const issuers = found?.metadata.authorization_servers
    return issuers !== undefined && !issuers.includes(current.binding.authorizationServer.issuer)
  }

  async function signOut(): Promise<SignOutResult> {
    const current = await grants.load()
    const grant = await current?.manager.read()
    if (current === undefined || grant === undefined) return { revocation: 'nothing-to-revoke' }
    // Noted before it is forgotten: a crash in between leaves a token to revoke, not a live one.
    const note = await noteTokens(grant, current.binding, context)
    const forgotten = await current.manager.forget()
    // Somebody may have refreshed in between: then what was forgotten is not what was noted.
    if (forgotten?.tokenSet?.accessToken !== grant.tokenSet?.accessToken) {
      await discardTokens(forgotten ?? {}, current.binding, context)
    }
    const revocation =
      note === undefined ? 'nothing-to-revoke' : await settleRevocation(note, context)
    observe({ ...aboutGrant(current.manager.identity), type: 'signed-out', revocation })
    return { revocation }
  }

  async function status(): Promise<SessionStatus> {
    const current = await grants.load()
    const grant = await current?.manager.read()
    const about = { serverUrl, partition }
    if (current === undefined || grant === undefined) return { ...about, state: 'never-signed-in' }
    const { tokenSet, ended } = grant
    const { noRefreshTokenReason } = current.binding
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
      ...(noRefreshTokenReason === undefined ? {} : { noRefreshTokenReason }),
    }
  }
}

function neverSignedIn(serverUrl: string): EvergrantClientError {
  return new EvergrantClientError(
    'SIGN_IN_REQUIRED',
    `A person has to sign in to ${serverUrl}: nobody has signed in here yet.`,
    { signInReason: 'never-signed-in' },
  )
}

function explained(error: EvergrantClientError, binding: Binding): EvergrantClientError {
  const { noRefreshTokenReason } = binding
  if (error.signInReason !== 'no-refresh-token' || noRefreshTokenReason === undefined) return error
  return new EvergrantClientError('SIGN_IN_REQUIRED', `${error.message} ${noRefreshTokenReason}`, {
    signInReason: error.signInReason,
    cause: error,
  })
}
