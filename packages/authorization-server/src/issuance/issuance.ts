import { assertLifetime } from '../lib/lifetime.ts'

/**
 * When a refresh token is issued.
 *
 * - `oauth21`: the client registered the `refresh_token` grant type; `offline_access` plays
 *   no part.
 * - `oidc`: the grant type, and `offline_access` requested and consented to (OIDC Core §11).
 * - `either`: one of the two signals is enough. The only preset in which `offline_access` stands in
 *   for a missing grant type, for clients whose metadata lags behind what they can do.
 * - `never`: no refresh tokens at all.
 */
export type RefreshIssuancePreset = 'oauth21' | 'oidc' | 'either' | 'never'

/** Every preset, in the order they are documented. */
export const refreshIssuancePresets: readonly RefreshIssuancePreset[] = [
  'oauth21',
  'oidc',
  'either',
  'never',
]

/**
 * How a decision is come to: a preset, or what some products do instead, for servers that have to
 * behave like one of them.
 *
 * - `any-code`: every authorization code brings a refresh token (against A-02).
 * - `offline-access-alone`: `offline_access` decides, whatever the client's `grant_types` say.
 */
export type RefreshIssuancePolicy = RefreshIssuancePreset | 'any-code' | 'offline-access-alone'

/**
 * What a deployment's own risk assessment says about an issuance. Client metadata is
 * self-reported, so this is the place for allow-lists, reputation and first-seen rules;
 * {@link assessClientRisk} has the usual ones.
 */
export type RiskAssessment =
  | { readonly verdict: 'accept' }
  | { readonly verdict: 'veto'; readonly because: string }
  | {
      readonly verdict: 'shorten'
      /** Upper bound for the whole family's life, counted from the first issuance. */
      readonly maximumLifetimeSeconds: number
      readonly because: string
    }

/** The facts an issuance is decided on. */
export interface RefreshIssuanceRequest {
  /** `grant_types` of the client's metadata, as it declared them. */
  readonly clientGrantTypes: readonly string[]
  /** `response_type` of the authorization request. */
  readonly responseType: string
  /** Scope tokens of the authorization request. */
  readonly requestedScopes: readonly string[]
  /** Scope tokens the resource owner consented to. */
  readonly consentedScopes: readonly string[]
  /** Absent means: nothing against it. */
  readonly risk?: RiskAssessment | undefined
}

/** How {@link decideRefreshIssuance} decides. */
export interface RefreshIssuanceOptions {
  /** Default `either`. */
  readonly preset?: RefreshIssuancePolicy | undefined
}

/** Why a refresh token is issued, or is not. Stable: logs, metrics and tests may key on it. */
export type RefreshIssuanceReason =
  | 'grant-type-declared'
  | 'offline-access-consented'
  | 'code-redeemed'
  | 'server-never-issues'
  | 'response-without-code'
  | 'grant-type-not-declared'
  | 'offline-access-not-requested'
  | 'offline-access-not-consented'
  | 'no-signal'
  | 'risk-veto'

/** The decision, with what a log, a consent page and a test need to show the same thing. */
export interface RefreshIssuanceDecision {
  readonly issue: boolean
  readonly reason: RefreshIssuanceReason
  /** One sentence in plain words; never contains anything from the request. */
  readonly explanation: string
  /** Set when the risk assessment shortened the family's life. */
  readonly maximumLifetimeSeconds?: number | undefined
  /** The risk assessment's own words, where it vetoed or shortened. */
  readonly riskReason?: string | undefined
}

const explanations: Readonly<Record<RefreshIssuanceReason, string>> = {
  'grant-type-declared': 'The client lists refresh_token in its grant_types.',
  'offline-access-consented': 'The user consented to offline_access.',
  'code-redeemed': 'This server issues one with every authorization code.',
  'server-never-issues': 'This server issues no refresh tokens.',
  'response-without-code':
    'The response type returns no authorization code, so there is no code to redeem for one.',
  'grant-type-not-declared': 'The client does not list refresh_token in its grant_types.',
  'offline-access-not-requested': 'The client did not request the offline_access scope.',
  'offline-access-not-consented': 'The user did not consent to the offline_access scope.',
  'no-signal':
    'The client neither lists refresh_token in its grant_types nor was granted offline_access.',
  'risk-veto': 'The risk assessment of this server refused it.',
}

const issuingReasons: ReadonlySet<RefreshIssuanceReason> = new Set([
  'grant-type-declared',
  'offline-access-consented',
  'code-redeemed',
])

/**
 * Decides whether a refresh token is issued. Pure: the consent page asks it before the user
 * answers, the token endpoint asks it again at redemption, and both get the same answer.
 *
 * Whatever the preset, a response type without a code gives none (OIDC Core §11; A-04), and a
 * risk veto wins. A shortening never lengthens: callers take the minimum with their own lifetime.
 *
 * @throws {@link AuthorizationServerError} `LIFETIME_INVALID` where the assessment shortens to what
 *   is no life: taken for none, it would lengthen.
 * @see SEP-2207, "Why check client metadata for grant types?"
 */
export function decideRefreshIssuance(
  request: RefreshIssuanceRequest,
  options: RefreshIssuanceOptions = {},
): RefreshIssuanceDecision {
  const reason = reasonFor(request, options.preset ?? 'either')
  const issue = issuingReasons.has(reason)
  if (!issue || request.risk === undefined || request.risk.verdict === 'accept') {
    return { issue, reason, explanation: explanations[reason] }
  }
  if (request.risk.verdict === 'veto') {
    return {
      issue: false,
      reason: 'risk-veto',
      explanation: explanations['risk-veto'],
      riskReason: request.risk.because,
    }
  }
  const maximumLifetimeSeconds = assertLifetime(
    'maximumLifetimeSeconds of the risk assessment',
    request.risk.maximumLifetimeSeconds,
  )
  return {
    issue,
    reason,
    explanation: explanations[reason],
    maximumLifetimeSeconds,
    riskReason: request.risk.because,
  }
}

function reasonFor(
  request: RefreshIssuanceRequest,
  preset: RefreshIssuancePolicy,
): RefreshIssuanceReason {
  if (preset === 'never') return 'server-never-issues'
  if (!request.responseType.split(' ').includes('code')) return 'response-without-code'
  if (preset === 'any-code') return 'code-redeemed'
  const declared = request.clientGrantTypes.includes('refresh_token')
  const requested = request.requestedScopes.includes('offline_access')
  const consented = requested && request.consentedScopes.includes('offline_access')
  if (preset === 'oauth21') return declared ? 'grant-type-declared' : 'grant-type-not-declared'
  if (preset === 'either') {
    if (declared) return 'grant-type-declared'
    return consented ? 'offline-access-consented' : 'no-signal'
  }
  if (!declared && preset === 'oidc') return 'grant-type-not-declared'
  if (!requested) return 'offline-access-not-requested'
  return consented ? 'offline-access-consented' : 'offline-access-not-consented'
}

/**
 * Says whether asking for `offline_access` can change a decision under `preset`, which is exactly
 * when authorization server metadata must list it in `scopes_supported`: a client reads its
 * presence as "ask for it", its absence as "do not".
 */
export function offlineAccessHasEffect(preset: RefreshIssuancePolicy): boolean {
  return preset === 'oidc' || preset === 'either' || preset === 'offline-access-alone'
}

/** Says whether a client can get a refresh token without listing the grant type. */
export function grantTypeIsOptional(preset: RefreshIssuancePolicy): boolean {
  return preset === 'either' || preset === 'any-code' || preset === 'offline-access-alone'
}

/**
 * Builds `scopes_supported` for authorization server metadata: `scopes`, with `offline_access`
 * added where it has an effect under `preset` and removed where it has none. Order is kept.
 */
export function authorizationServerScopes(
  scopes: readonly string[],
  preset: RefreshIssuancePolicy,
): readonly string[] {
  const others = scopes.filter((scope) => scope !== 'offline_access')
  const all = offlineAccessHasEffect(preset) ? [...others, 'offline_access'] : others
  return [...new Set(all)]
}
