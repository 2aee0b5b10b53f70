import { isClientIdMetadataUrl } from '@evergrant/core'
import type { RiskAssessment } from './issuance.ts'
import { assertLifetime } from '../lib/lifetime.ts'
import { isLocalRedirectUri } from './local-redirect.ts'

/** What is known of a client. Its own words count only where they cannot be to its advantage. */
export interface ClientRiskFacts {
  readonly clientId: string
  /** As registered, or in the metadata document. */
  readonly redirectUris: readonly string[]
  /**
   * Where the answer to the request at hand goes: `redirect_uri` of the authorization request, and
   * at redemption the one kept with the code. `undefined` where a flow has none, as with a device
   * code; it then counts as local.
   */
  readonly redirectUri: string | undefined
  /** Set up by whoever runs the server: no rule applies to it. */
  readonly isPreregistered: boolean
  /** When it first got tokens here; `undefined`: not yet. */
  readonly knownSinceEpochSeconds: number | undefined
}

/** Rules for clients that anybody can make up. All lifetimes in seconds; `0`: no refresh token. */
export interface ClientRiskRules {
  /**
   * Domains, with their subdomains, whose clients need no further look. A client belongs to a domain
   * by the URL of its metadata document, or when all its redirect URIs lead there: its name proves
   * nothing. Absent: every client does.
   */
  readonly trustedDomains?: readonly string[] | undefined
  /** Longest sign-in with a client of no trusted domain. Default `0`. */
  readonly untrustedLifetimeSeconds?: number | undefined
  /**
   * Longest sign-in whose answer goes to the user's own machine, on loopback or by a private-use
   * scheme ({@link isLocalRedirectUri}): any program on that machine can ask in the client's name.
   */
  readonly localRedirectLifetimeSeconds?: number | undefined
  /** Longest sign-in with a client that first got tokens less than `newClientSeconds` ago. */
  readonly newClientLifetimeSeconds?: number | undefined
  /** For how long a client is new. Default 7 days. */
  readonly newClientSeconds?: number | undefined
}

const defaultNewClientSeconds = 7 * 86_400

/**
 * Assesses a client by rules, for {@link decideRefreshIssuance}. Pure. Where several rules apply,
 * the strictest wins.
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
  const limit = (seconds: number | undefined, because: string) => {
    if (seconds === undefined) return
    limits.push({ seconds: assertLifetime('A lifetime of the risk rules', seconds, 0), because })
  }
  const { trustedDomains } = rules
  if (trustedDomains !== undefined && !belongsTo(client, trustedDomains)) {
    limit(rules.untrustedLifetimeSeconds ?? 0, 'the client belongs to no trusted domain')
  }
  // Of the request, not of the registration: one registered URI that is never used proves nothing.
  if (client.redirectUri === undefined || isLocalRedirectUri(client.redirectUri)) {
    limit(
      rules.localRedirectLifetimeSeconds,
      'any program on the machine can ask in this client’s name',
    )
  }
  const age = nowEpochSeconds - (client.knownSinceEpochSeconds ?? nowEpochSeconds)
  if (age < (rules.newClientSeconds ?? defaultNewClientSeconds)) {
    limit(rules.newClientLifetimeSeconds, 'the client is new here')
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
  // All of them, for here one more URI can only be to the client's disadvantage.
  return client.redirectUris.length > 0 && client.redirectUris.every((uri) => trusted(uri))
}
