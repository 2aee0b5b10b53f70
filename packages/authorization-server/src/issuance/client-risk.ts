import { isClientIdMetadataUrl } from '@evergrant/core/registration'
import { assertLifetime } from '../lib/lifetime.ts'
import type { RiskAssessment } from './issuance-rule.ts'
import { isLocalRedirectUri } from './local-redirect.ts'

/**
 * What is known about a client. Self-reported metadata counts only where it cannot be to the
 * client's advantage.
 */
export interface ClientRiskFacts {
  readonly clientId: string
  /** As registered, or from the metadata document. */
  readonly redirectUris: readonly string[]
  /**
   * Where the authorization response goes: `redirect_uri` of the authorization request, or, at
   * redemption, the one stored with the code. `undefined` when the flow has none, for example with
   * a device code. It then counts as local.
   */
  readonly redirectUri: string | undefined
  /** Configured by the operator of the server. No rule applies to it. */
  readonly isPreregistered: boolean
  /** When the client first got tokens here. `undefined`: not yet. */
  readonly knownSinceEpochSeconds: number | undefined
}

/** Rules for clients that are not preregistered. All lifetimes in seconds; `0`: no refresh token. */
export interface ClientRiskRules {
  /**
   * Domains, including their subdomains, whose clients are trusted. A client belongs to a domain by
   * the URL of its metadata document, or when all its redirect URIs are in the domain. Its name
   * proves nothing. Default: every client is trusted.
   */
  readonly trustedDomains?: readonly string[] | undefined
  /** Longest sign-in with a client outside the trusted domains. Default `0`. */
  readonly untrustedLifetimeSeconds?: number | undefined
  /**
   * Longest sign-in whose authorization response goes to the user's own machine, on loopback or by a
   * private-use scheme ({@link isLocalRedirectUri}): any program on that machine can pose as the
   * client.
   */
  readonly localRedirectLifetimeSeconds?: number | undefined
  /** Longest sign-in with a client that first got tokens less than `newClientSeconds` ago. */
  readonly newClientLifetimeSeconds?: number | undefined
  /** How long a client counts as new. Default 7 days. */
  readonly newClientSeconds?: number | undefined
}

const defaultNewClientSeconds = 7 * 86_400

/**
 * Assesses a client by rules, for {@link decideRefreshIssuance}. Pure. When several rules apply, the
 * strictest wins.
 *
 * @throws {@link AuthorizationServerError} `LIFETIME_INVALID`
 */
export function assessClientRisk(
  client: ClientRiskFacts,
  rules: ClientRiskRules,
  nowEpochSeconds: number,
): RiskAssessment {
  if (client.isPreregistered) return { verdict: 'accept' }
  const limits: { readonly seconds: number; readonly because: string }[] = []
  const limit = (name: keyof ClientRiskRules, seconds: number | undefined, because: string) => {
    if (seconds !== undefined) limits.push({ seconds: assertLifetime(name, seconds, 0), because })
  }
  const { trustedDomains } = rules
  if (trustedDomains !== undefined && !belongsTo(client, trustedDomains)) {
    limit(
      'untrustedLifetimeSeconds',
      rules.untrustedLifetimeSeconds ?? 0,
      'the client belongs to no trusted domain',
    )
  }
  // Of the request, not of the registration: a client can register a URI that it never uses.
  if (client.redirectUri === undefined || isLocalRedirectUri(client.redirectUri)) {
    limit(
      'localRedirectLifetimeSeconds',
      rules.localRedirectLifetimeSeconds,
      'any program on the user’s machine can pose as the client',
    )
  }
  const age = nowEpochSeconds - (client.knownSinceEpochSeconds ?? nowEpochSeconds)
  if (age < (rules.newClientSeconds ?? defaultNewClientSeconds)) {
    limit('newClientLifetimeSeconds', rules.newClientLifetimeSeconds, 'the client is new here')
  }
  const [strictest] = limits.toSorted((a, b) => a.seconds - b.seconds)
  if (strictest === undefined) return { verdict: 'accept' }
  const { seconds, because } = strictest
  return seconds === 0
    ? { verdict: 'veto', because }
    : { verdict: 'shorten', maximumLifetimeSeconds: seconds, because }
}

function belongsTo(client: ClientRiskFacts, domains: readonly string[]): boolean {
  const trusted = (url: string) => {
    const { protocol, hostname } = URL.parse(url) ?? {}
    return (
      protocol === 'https:' &&
      domains.some((domain) => hostname === domain || hostname?.endsWith(`.${domain}`) === true)
    )
  }
  if (isClientIdMetadataUrl(client.clientId) && trusted(client.clientId)) return true
  // All of them, because one more URI can then only be to the client's disadvantage.
  return client.redirectUris.length > 0 && client.redirectUris.every((uri) => trusted(uri))
}
