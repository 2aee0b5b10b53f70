import type { BearerChallenge, ScopeDecision } from '@evergrant/core'
import type { AppliedFallback } from '@evergrant/core/authorization'
import type { GrantIdentity } from '../grant/grant.ts'
import type { Assumption } from '../lib/assumption.ts'

/** Options of a sign-in. */
export interface SignInOptions {
  /** The challenge of the resource: the required scope, and where its metadata is. */
  readonly challenge?: BearerChallenge | undefined
  /** A token that the resource refused. A sign-in of another process counts only if it brought another. */
  readonly unusableAccessToken?: string | undefined
  /**
   * Open the authorization page even if a usable grant is stored, for example to change accounts.
   * Default `false`: a usable grant makes the sign-in unnecessary.
   */
  readonly force?: boolean | undefined
  /**
   * Forget the stored dynamic registration and register a new client, for example because the
   * authorization server shows an error about the client in the browser. Opens the authorization page,
   * like `force`. A client that is registered by hand is kept. Default `false`.
   */
  readonly registerAgain?: boolean | undefined
  /** Stops the wait of this caller. The sign-in goes on while another caller waits for it. */
  readonly signal?: AbortSignal | undefined
}

/** The result of a sign-in. */
export interface SignInResult {
  readonly identity: GrantIdentity
  /** `adopted`: another caller or process signed in; this call opened no page. */
  readonly outcome: 'signed-in' | 'adopted'
  /** The requested scope and why; absent if another process made the request. */
  readonly decision?: ScopeDecision
  /** What the authorization server refused at first, and what was changed; absent if nothing was. */
  readonly fallbacks?: readonly AppliedFallback[]
  /** Mistakes of the servers, and deviations from the standards, in plain words. */
  readonly warnings?: readonly string[]
  /** What no server declared and the sign-in relies on; absent if nothing was assumed. */
  readonly assumptions?: readonly Assumption[]
  readonly scope: string | undefined
  /** The scope of the request; absent if the request named none. */
  readonly requestedScope?: string
  /** Scopes that were requested and not granted. */
  readonly missingScopes: readonly string[]
  readonly refreshToken: 'issued' | 'not-issued'
  /** Why the server issued no refresh token, in plain words. */
  readonly noRefreshTokenReason?: string
}
