/**
 * How a behavior is known.
 *
 * - `measured`: observed at the version that `source` names.
 * - `documented`: the product's documentation or source code states it.
 * - `inferred`: second-hand (an issue, a forum, a third-party page), from an old document, or
 *   concluded from something else.
 */
export type BehaviorStatus = 'measured' | 'documented' | 'inferred'

/** One behavior of a product, and how it is known. */
export interface Behavior<Value> {
  readonly value: Value
  readonly status: BehaviorStatus
  /** A URL, a file in a public repository, or the version that was measured. */
  readonly source: string
  /** When the source was read, or the product was measured: `2026-11-22`. */
  readonly date: string
}

/**
 * How a product handles refresh tokens and the requests around them, as far as it is known. A
 * behavior without a source is left out.
 */
export interface ServerBehaviors {
  /**
   * What the server issues a refresh token for, with the authorization code.
   *
   * - `always`: the code alone.
   * - `grant-type`: the client's `grant_types` list `refresh_token`.
   * - `offline-access`: the scope, whatever the client's `grant_types` say.
   * - `grant-type-and-offline-access`: both.
   * - `access-type-offline`: the parameter `access_type=offline`, with the user's first consent or
   *   with `prompt=consent`.
   */
  readonly refreshTokenFor?: Behavior<
    | 'always'
    | 'grant-type'
    | 'offline-access'
    | 'grant-type-and-offline-access'
    | 'access-type-offline'
  >
  /** Whether public clients get refresh tokens at all, whatever `refreshTokenFor` says. */
  readonly publicClients?: Behavior<'get-refresh-tokens' | 'get-none'>
  /**
   * How `offline_access` in a request is handled.
   *
   * - `listed`: accepted, and `scopes_supported` lists it.
   * - `unlisted`: accepted, but the metadata does not list it.
   * - `refused`: `invalid_scope`, and the metadata does not list it.
   */
  readonly offlineAccess?: Behavior<'listed' | 'unlisted' | 'refused'>
  /** Whether `scopes_supported` is in the metadata at all. */
  readonly scopesSupported?: Behavior<'present' | 'absent'>
  /** Whether `offline_access` is silently dropped unless the request has `prompt=consent`. */
  readonly promptConsent?: Behavior<'needed' | 'not-needed'>
  /** How an authorization request without `scope` is handled. */
  readonly requestWithoutScope?: Behavior<'accepted' | 'refused'>
  /**
   * What a public client gets from a refresh.
   *
   * - `new-token`: a new refresh token.
   * - `same-token`: the presented refresh token.
   * - `no-token`: no refresh token; the presented one stays valid.
   */
  readonly rotation?: Behavior<'new-token' | 'same-token' | 'no-token'>
  /**
   * How a superseded refresh token that is presented again after the grace is handled.
   *
   * - `family-revoked`: refused, and the newest token is revoked as well.
   * - `refused`: refused, and the newest token stays valid.
   * - `accepted`: accepted.
   * - `accepted-until-successor-is-used`: accepted until the first use of its successor.
   */
  readonly reuse?: Behavior<
    'family-revoked' | 'refused' | 'accepted' | 'accepted-until-successor-is-used'
  >
  /** How long a superseded refresh token is honored by default. */
  readonly graceSeconds?: Behavior<number>
  /** A refresh token expires after this long without use. */
  readonly idleSeconds?: Behavior<number>
  /** A sign-in ends after this long, even when it is in use. */
  readonly absoluteSeconds?: Behavior<number>
  readonly accessTokenSeconds?: Behavior<number>
  /**
   * The `resource` parameter (RFC 8707).
   *
   * - `honored`: the access token is for that resource.
   * - `ignored`: the parameter has no effect, and the access token is for what the product is
   *   configured for.
   * - `refused`: the request fails. Also used for a product that accepts a resource only with scopes
   *   that begin with it: scopes of MCP servers are bare names, which match no resource.
   */
  readonly resource?: Behavior<'honored' | 'ignored' | 'refused'>
  /**
   * What a refresh is for, at a product that honors `resource` at the authorization.
   *
   * - `granted`: the resource of the authorization.
   * - `forgotten`: none, also if the refresh names it. The audience of the new token is the client.
   */
  readonly resourceOnRefresh?: Behavior<'granted' | 'forgotten'>
  /** `aud` of access tokens: the resource, or the client ID. */
  readonly audience?: Behavior<'resource' | 'client'>
  /** The header `typ` of access tokens. */
  readonly tokenType?: Behavior<'at+jwt' | 'absent'>
  /**
   * Dynamic registration (RFC 7591) without prior arrangement.
   *
   * - `listed-and-refused`: the metadata lists the endpoint, which answers 403.
   */
  readonly registration?: Behavior<'offered' | 'not-offered' | 'listed-and-refused'>
  /**
   * What a client that registered without `scope` may request.
   *
   * - `any`: every scope.
   * - `default-only`: the server's default scope. Any other is `invalid_scope`.
   */
  readonly registeredScope?: Behavior<'any' | 'default-only'>
  /**
   * Whether `client_id` must be in the form of a token request, also with Basic authentication.
   * Without it, the answer is 401.
   */
  readonly clientIdInForm?: Behavior<'required' | 'optional'>
  /** Whether `client_secret` must be in the form of a revocation. Without it, the answer is 400. */
  readonly revocationSecret?: Behavior<'form-only' | 'any'>
  readonly clientIdMetadataDocuments?: Behavior<'supported' | 'not-supported'>
  /** `iss` in authorization responses (RFC 9207). */
  readonly iss?: Behavior<'sent' | 'not-sent'>
  /** Whether `code_challenge_methods_supported` is in the metadata. PKCE works either way. */
  readonly codeChallengeMethods?: Behavior<'present' | 'absent'>
  /**
   * Where the metadata is.
   *
   * - `both`: at the well-known URIs of OAuth and of OpenID Connect.
   * - `openid-configuration`: at that of OpenID Connect. The other is not found.
   * - `oauth-authorization-server`: at that of OAuth. The other is not found.
   * - `openid-configuration-and-a-page`: at that of OpenID Connect. The other answers with a page and
   *   status 200.
   */
  readonly metadataAt?: Behavior<
    | 'both'
    | 'openid-configuration'
    | 'oauth-authorization-server'
    | 'openid-configuration-and-a-page'
  >
  /**
   * How the token endpoint answers for a refresh token that is not valid.
   *
   * - `empty-400`: status 400 without a body.
   * - `bad_refresh_token`: this error code.
   */
  readonly deadRefreshToken?: Behavior<'invalid_grant' | 'empty-400' | 'bad_refresh_token'>
}

/**
 * What a note is about: what an administrator switches on, what comes back, how long a sign-in lasts,
 * or what ends it.
 */
export type NoteSubject = 'switch-on' | 'comes-back' | 'lasts' | 'ends'

/** A fact that no behavior expresses. Without a subject, it is a peculiarity to watch out for. */
export interface Note extends Behavior<string> {
  readonly about?: NoteSubject
}

/** A product that the reference server can emulate. */
export interface EmulatedServer {
  /** For `--emulate`, in lower case. */
  readonly name: string
  readonly product: string
  readonly behaviors: ServerBehaviors
  /** Further facts that no behavior expresses and that are not emulated, each with its source. */
  readonly notes: readonly Note[]
}
