import type { GrantExpiry } from '@evergrant/core'
import type { AccessToken } from '../grant/access-token.ts'
import type { GrantEnd, GrantIdentity, GrantState, RefreshRefusal } from '../grant/grant.ts'
import type { GetAccessTokenOptions, TokenManagerOptions } from '../grant/token-manager.ts'
import type { Assumption } from '../lib/assumption.ts'
import type { Clock } from '../lib/clock.ts'
import type { Observer } from '../lib/events.ts'
import type { DiscoverOptions } from '../protocol/discovery.ts'
import type { ClientConfiguration } from '../protocol/registration.ts'
import type { RecordStore } from '../stores/store.ts'
import type { CheckBinding } from './binding-change.ts'
import type { ForeignSignIn } from './import-sign-in.ts'
import type { RevocationState } from './revocation.ts'
import type { SignInOptions, SignInResult } from './sign-in-api.ts'
import type { SignIn } from './sign-in-method.ts'
import type { SignInPreferences } from './sign-in-plan.ts'

/** Options of `createSession`. */
export interface SessionOptions {
  /** Where grants are stored between calls, processes and machines. */
  readonly store: RecordStore
  readonly client: ClientConfiguration
  /** How the user signs in. Default: no sign-in is possible, and calls that need one fail. */
  readonly signIn?: SignIn | undefined
  /** The user of this host that the session belongs to. Default `default`. */
  readonly partition?: string | undefined
  readonly preferences?: SignInPreferences | undefined
  /** Sends every request to authorization servers and for metadata documents. */
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly clock?: Clock | undefined
  /** Receives every event. Events also go to the `evergrant.client` diagnostics channel. */
  readonly observe?: Observer | undefined
  /** The longest that a request may take. Default 15,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  /**
   * A resource that covers more than the URL of the MCP server, and that you accept wherever its
   * metadata is published; see {@link DiscoverOptions.acceptedResource}. Default: the resource of
   * the current grant, if any.
   */
  readonly acceptedResource?: DiscoverOptions['acceptedResource']
  /** Chooses one of several authorization servers. Default: the first one listed. */
  readonly chooseAuthorizationServer?:
    | ((issuers: readonly string[]) => string | Promise<string>)
    | undefined
  /**
   * An issuer that you trust for this MCP server, although its metadata URL was made from another
   * identifier; see {@link DiscoverOptions.trustedIssuer}.
   */
  readonly trustedIssuer?: DiscoverOptions['trustedIssuer']
  /** When to refresh, and how long to wait; see {@link TokenManagerOptions}. */
  readonly refresh?:
    | Pick<
        TokenManagerOptions,
        'timing' | 'serverHealth' | 'maximumWaitSeconds' | 'lockWaitMilliseconds'
      >
    | undefined
}

/** The state of a session. It has no secret. */
export interface SessionStatus {
  readonly serverUrl: string
  readonly partition: string
  readonly state: GrantState | 'never-signed-in'
  readonly identity?: GrantIdentity
  readonly scope?: string
  readonly hasRefreshToken?: boolean
  readonly accessTokenExpiresAtEpochSeconds?: number
  /** When the tokens were issued, by a sign-in or the last successful refresh. */
  readonly tokensIssuedAtEpochSeconds?: number
  /** From when on a call refreshes the access token; absent if it cannot be refreshed. */
  readonly refreshDueAtEpochSeconds?: number
  /** When the refresh token expires, and which member says so; absent if no member does. */
  readonly refreshTokenExpiry?: GrantExpiry
  /** When the user's authorization ends; absent if the server does not say so. */
  readonly authorizationExpiry?: GrantExpiry
  /** A refresh was started and its result is not known. */
  readonly refreshPending?: boolean
  readonly ended?: GrantEnd
  /** The authorization server refused the last refresh. The message has its words. */
  readonly refusal?: RefreshRefusal
  /** Why there is no refresh token, in plain words. */
  readonly noRefreshTokenReason?: string
  /** What no server declared and the sign-in relies on; absent if nothing was assumed. */
  readonly assumptions?: readonly Assumption[]
}

/** The result of signing out. The stored tokens are removed in any case. */
export interface SignOutResult {
  readonly revocation: RevocationState | 'nothing-to-revoke'
}

/** The sign-in of one user to one MCP server. */
export interface Session {
  /** The URL of the MCP server, in canonical form. */
  readonly serverUrl: string
  /**
   * Returns a usable access token; see {@link TokenManager.getAccessToken}. It opens no page: if the
   * user must sign in, it throws `SIGN_IN_REQUIRED`.
   */
  getAccessToken(options?: GetAccessTokenOptions): Promise<AccessToken>
  /**
   * Sends one request with a token of this session, and with a proof if the token is bound to a key
   * (DPoP). Resolves with the response of the resource, with any status.
   *
   * @param token - The object that `getAccessToken` returned. A copy has no key, so no proof is sent.
   */
  send(
    token: AccessToken,
    url: string,
    init: RequestInit,
    fetch: typeof globalThis.fetch,
  ): Promise<Response>
  /**
   * Signs in, or widens the granted scope. Concurrent calls share one sign-in, in this process and
   * in others over the same store.
   *
   * @throws EvergrantClientError `SIGN_IN_REQUIRED` with `authorizationUrl` in the redirect form;
   *   `SIGN_IN_FAILED`, and the errors of discovery, registration and token requests.
   */
  signIn(options?: SignInOptions): Promise<SignInResult>
  /**
   * Finishes a sign-in of the redirect form, on any machine over the same store.
   *
   * @param callbackUrl - The redirect URI with the parameters of the response, as it was received.
   *   Make sure that it comes from the user whom this session belongs to.
   * @throws EvergrantClientError `SIGN_IN_REQUIRED` with `authorizationUrl` if the server refused the
   *   request and another one can help: send the user there. `AUTHORIZATION_RESPONSE_INVALID`, and the
   *   errors of `signIn`.
   */
  completeSignIn(callbackUrl: string): Promise<SignInResult>
  /**
   * Stores a sign-in of another program. No token is sent. Remove the sign-in from the other program:
   * after the first refresh here, its refresh token is used up.
   *
   * @throws EvergrantClientError `INVALID_OPTION` if it belongs to another authorization server, or if
   *   the session has a usable sign-in; the errors of discovery and of the store
   */
  importSignIn(signIn: ForeignSignIn): Promise<SignInResult>
  /**
   * Compares the stored sign-in with the metadata of the MCP server. After a change of the
   * authorization server or of the resource, the MCP server does not accept the stored tokens. They
   * are never sent to the new place. {@link Session.signIn} signs in there.
   */
  readonly checkBinding: CheckBinding
  /**
   * Removes the tokens and revokes them, as soon as the server answers (C-57). The next sign-in
   * registers the client again if it registered itself.
   */
  signOut(): Promise<SignOutResult>
  status(): Promise<SessionStatus>
  /** Resolves when no refresh is running. Await it before the process exits. */
  whenIdle(): Promise<void>
}
