/** Why a refresh token is issued or not. Stable: logs, metrics and tests may key on it. */
export type RefreshIssuanceReason =
  | 'grant-type-declared'
  | 'offline-access-consented'
  | 'server-never-issues'
  | 'response-without-code'
  | 'grant-type-not-declared'
  | 'offline-access-not-requested'
  | 'offline-access-not-consented'
  | 'no-signal'
  | 'risk-veto'

/**
 * The result of a deployment's own risk assessment. Client metadata is self-reported, so this is
 * the place for allow-lists, reputation and first-seen rules. {@link assessClientRisk} has the usual
 * ones.
 */
export type RiskAssessment =
  | { readonly verdict: 'accept' }
  | { readonly verdict: 'veto'; readonly because: string }
  | {
      readonly verdict: 'shorten'
      /** Upper bound for the life of the whole family, counted from the first issuance. */
      readonly maximumLifetimeSeconds: number
      readonly because: string
    }

/** The facts an issuance is decided on. */
export interface RefreshIssuanceRequest {
  /** `grant_types` of the client's metadata, as the client declared them. */
  readonly clientGrantTypes: readonly string[]
  /** `response_type` of the authorization request. */
  readonly responseType: string
  /** Scope tokens of the authorization request. */
  readonly requestedScopes: readonly string[]
  /** Scope tokens the resource owner consented to. */
  readonly consentedScopes: readonly string[]
  /** Default: accept. */
  readonly risk?: RiskAssessment | undefined
}

/** The part of a decision that an issuance rule makes. */
export interface RefreshIssuanceVerdict {
  readonly issue: boolean
  /** Stable: logs, metrics and tests may key on it. Rules of your own may add reasons. */
  readonly reason: RefreshIssuanceReason | (string & Record<never, never>)
  /** One sentence. Never contains anything from the request. */
  readonly explanation: string
}

/** A rule for issuing refresh tokens that no preset has. Must be pure. */
export interface RefreshIssuanceRule {
  /** Called for response types with a code only. */
  decide(request: RefreshIssuanceRequest): RefreshIssuanceVerdict
  /** Whether requesting `offline_access` can change the verdict. */
  readonly offlineAccessHasEffect: boolean
  /** Whether a client can get a refresh token without listing the grant type. */
  readonly grantTypeIsOptional: boolean
}
