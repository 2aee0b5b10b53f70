import { assertLifetime } from '../lib/lifetime.ts'
import type {
  RefreshIssuanceRequest,
  RefreshIssuanceRule,
  RefreshIssuanceVerdict,
} from './issuance-rule.ts'
import { defaultRefreshIssuancePolicy, presetRules } from './presets.ts'
import type { RefreshIssuancePreset } from './presets.ts'

/** How a server decides about refresh tokens: by a preset, or by a rule of its own. */
export type RefreshIssuancePolicy = RefreshIssuancePreset | RefreshIssuanceRule

/** Options of {@link decideRefreshIssuance}. */
export interface RefreshIssuanceOptions {
  /** Default {@link defaultRefreshIssuancePolicy}, `oidc`. */
  readonly policy?: RefreshIssuancePolicy | undefined
}

/** The decision, with what a log, a consent page and a test need to show the same thing. */
export interface RefreshIssuanceDecision extends RefreshIssuanceVerdict {
  /** Set when the risk assessment shortened the life of the family. */
  readonly maximumLifetimeSeconds?: number | undefined
  /** `because` of the risk assessment, when it vetoed or shortened. */
  readonly riskReason?: string | undefined
}

/**
 * Decides whether a refresh token is issued. Pure: the consent page calls it before the user
 * answers, the token endpoint calls it again at redemption, and both get the same decision.
 *
 * For every policy, a response type without a code brings no refresh token (OIDC Core §11; A-04),
 * and a risk veto wins. A shortened lifetime is an upper bound: use the minimum of it and your own.
 *
 * @example
 * ```ts
 * const decision = decideRefreshIssuance(
 *   {
 *     clientGrantTypes: ['authorization_code', 'refresh_token'],
 *     responseType: 'code',
 *     requestedScopes: ['mcp:read', 'offline_access'],
 *     consentedScopes: ['mcp:read', 'offline_access'],
 *   },
 *   { policy: 'oidc' },
 * )
 * ```
 *
 * @throws {@link AuthorizationServerError} `LIFETIME_INVALID` when the risk assessment shortens to
 *   a value that is not a positive number of seconds, which would act as no limit.
 * @see SEP-2207, "Why check client metadata for grant types?"
 */
export function decideRefreshIssuance(
  request: RefreshIssuanceRequest,
  options: RefreshIssuanceOptions = {},
): RefreshIssuanceDecision {
  const verdict = verdictOf(request, options.policy ?? defaultRefreshIssuancePolicy)
  const { risk } = request
  if (!verdict.issue || risk === undefined || risk.verdict === 'accept') return verdict
  if (risk.verdict === 'veto') {
    return {
      issue: false,
      reason: 'risk-veto',
      explanation: 'The risk assessment of this server refused it.',
      riskReason: risk.because,
    }
  }
  const maximumLifetimeSeconds = assertLifetime(
    'maximumLifetimeSeconds of the risk assessment',
    risk.maximumLifetimeSeconds,
  )
  return { ...verdict, maximumLifetimeSeconds, riskReason: risk.because }
}

function verdictOf(
  request: RefreshIssuanceRequest,
  policy: RefreshIssuancePolicy,
): RefreshIssuanceVerdict {
  const isForCode = request.responseType.split(' ').includes('code')
  if (policy === 'never' || isForCode) return ruleOf(policy).decide(request)
  return {
    issue: false,
    reason: 'response-without-code',
    explanation:
      'The response type returns no authorization code, so there is no code to redeem for one.',
  }
}

function ruleOf(policy: RefreshIssuancePolicy): RefreshIssuanceRule {
  return typeof policy === 'string' ? presetRules[policy] : policy
}

/**
 * Says whether requesting `offline_access` can change a decision under `policy`. Exactly then,
 * authorization server metadata must list it in `scopes_supported`: a client requests the
 * scope when it is listed, and only then.
 */
export function offlineAccessHasEffect(policy: RefreshIssuancePolicy): boolean {
  return ruleOf(policy).offlineAccessHasEffect
}

/** Says whether a client can get a refresh token without listing the grant type. */
export function grantTypeIsOptional(policy: RefreshIssuancePolicy): boolean {
  return ruleOf(policy).grantTypeIsOptional
}

/**
 * Builds `scopes_supported` for authorization server metadata: `scopes`, with `offline_access`
 * added when it has an effect under `policy` and removed otherwise. The order is kept.
 */
export function authorizationServerScopes(
  scopes: readonly string[],
  policy: RefreshIssuancePolicy,
): readonly string[] {
  const others = scopes.filter((scope) => scope !== 'offline_access')
  const all = offlineAccessHasEffect(policy) ? [...others, 'offline_access'] : others
  return [...new Set(all)]
}
