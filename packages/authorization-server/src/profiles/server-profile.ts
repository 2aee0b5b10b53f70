/**
 * How a behaviour is known.
 *
 * - `measured`: seen at the version that `source` names.
 * - `documented`: the product's documentation or source code says so.
 * - `inferred`: second-hand (an issue, a forum, somebody else's page), from an old document, or
 *   concluded from something else.
 */
export type BehaviourStatus = 'measured' | 'documented' | 'inferred'

/** One behaviour of a product, and how it is known. */
export interface Behaviour<Value> {
  readonly value: Value
  readonly status: BehaviourStatus
  /** A URL, a file in a public repository, or the version that was measured. */
  readonly source: string
}

/**
 * What a product does about refresh tokens and the requests around them, as far as it is known. A
 * behaviour without a source is left out.
 */
export interface ServerBehaviours {
  /**
   * What brings a refresh token with the authorization code.
   *
   * - `always`: the code is enough.
   * - `grant-type`: the client's `grant_types` list `refresh_token`.
   * - `offline-access`: the scope, whatever the client's `grant_types` say.
   * - `grant-type-and-offline-access`: both.
   * - `access-type-offline`: the parameter `access_type=offline`, with a person's first consent or
   *   with `prompt=consent`.
   */
  readonly refreshTokenFor?: Behaviour<
    | 'always'
    | 'grant-type'
    | 'offline-access'
    | 'grant-type-and-offline-access'
    | 'access-type-offline'
  >
  /**
   * What becomes of `offline_access` in a request.
   *
   * - `listed`: `scopes_supported` has it.
   * - `unlisted`: it is accepted, though the metadata do not mention it.
   * - `refused`: `invalid_scope`, and the metadata do not mention it.
   */
  readonly offlineAccess?: Behaviour<'listed' | 'unlisted' | 'refused'>
  /** Whether `scopes_supported` is in the metadata at all. */
  readonly scopesSupported?: Behaviour<'present' | 'absent'>
  /** Whether `offline_access` is dropped without a word unless `prompt=consent` goes with it. */
  readonly promptConsent?: Behaviour<'needed' | 'not-needed'>
  /** An authorization request without `scope`. */
  readonly requestWithoutScope?: Behaviour<'accepted' | 'refused'>
  /**
   * What a refresh gives a public client.
   *
   * - `new-token`: another refresh token.
   * - `same-token`: the one it presented.
   * - `no-token`: none; the one it presented stays good.
   */
  readonly rotation?: Behaviour<'new-token' | 'same-token' | 'no-token'>
  /**
   * A superseded refresh token, presented again after the grace.
   *
   * - `family-revoked`: it is refused, and the newest one is dead as well.
   * - `refused`: it alone is.
   * - `accepted`: it goes on working.
   * - `accepted-until-successor-is-used`: it works until its successor was used.
   */
  readonly reuse?: Behaviour<
    'family-revoked' | 'refused' | 'accepted' | 'accepted-until-successor-is-used'
  >
  /** For how long a superseded refresh token is honoured, as the product comes. */
  readonly graceSeconds?: Behaviour<number>
  /** A refresh token that is not used for so long is dead. */
  readonly idleSeconds?: Behaviour<number>
  /** A sign-in ends after so long, however busy it is. */
  readonly absoluteSeconds?: Behaviour<number>
  readonly accessTokenSeconds?: Behaviour<number>
  /**
   * The `resource` parameter (RFC 8707).
   *
   * - `honoured`: the access token is for it.
   * - `ignored`: the request goes on as if it were not there, and the access token is for what the
   *   product is configured for.
   * - `refused`: the request fails. So it says of a product, too, that takes a resource only with
   *   scopes that begin with it: those of MCP servers are bare names, and match none.
   */
  readonly resource?: Behaviour<'honoured' | 'ignored' | 'refused'>
  /** Dynamic registration (RFC 7591) without prior arrangement. */
  readonly registration?: Behaviour<'offered' | 'not-offered'>
  readonly clientIdMetadataDocuments?: Behaviour<'supported' | 'not-supported'>
  /** `iss` in authorization responses (RFC 9207). */
  readonly iss?: Behaviour<'sent' | 'not-sent'>
  /** Whether `code_challenge_methods_supported` is in the metadata. PKCE works either way. */
  readonly codeChallengeMethods?: Behaviour<'present' | 'absent'>
  /**
   * Where metadata are.
   *
   * - `both`: at the well-known URIs of OAuth and of OpenID Connect.
   * - `openid-configuration`: at the latter; the other is not found.
   * - `openid-configuration-and-a-page`: at the latter; the other answers with a page, status 200.
   */
  readonly metadataAt?: Behaviour<
    'both' | 'openid-configuration' | 'openid-configuration-and-a-page'
  >
  /**
   * How the token endpoint says that a refresh token is dead.
   *
   * - `empty-400`: status 400 without a body.
   * - `bad_refresh_token`: that as the error code.
   */
  readonly deadRefreshToken?: Behaviour<'invalid_grant' | 'empty-400' | 'bad_refresh_token'>
}

/** A product that clients meet. */
export interface ServerProfile {
  /** For `--profile`; lower case. */
  readonly name: string
  readonly product: string
  readonly behaviours: ServerBehaviours
  /** What is known besides and cannot be said as a behaviour, each with its source. */
  readonly notes: readonly Behaviour<string>[]
}
