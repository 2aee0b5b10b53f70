import type { Client, Configuration } from 'oidc-provider'
import { decideRefreshIssuance } from '../issuance/issuance.ts'
import type { RefreshIssuanceDecision } from '../issuance/issuance.ts'
import { defaultRefreshIssuancePolicy } from '../issuance/presets.ts'
import type { RefreshTokenBindingOptions } from './binding-options.ts'

/** One authorization, with what the issuance of a refresh token depends on. */
export interface IssuanceSubject {
  readonly client: Client
  readonly accountId: string
  /** Of the authorization request: where the response goes. `undefined` when the flow has none. */
  readonly redirectUri: string | undefined
  readonly responseType: string
  readonly requestedScopes: readonly string[]
  readonly consentedScopes: readonly string[]
}

/** The issuance policy, as the engine and the consent page call it. */
export interface Issuance {
  readonly configuration: Pick<Configuration, 'issueRefreshToken'>
  readonly decide: (subject: IssuanceSubject) => Promise<RefreshIssuanceDecision>
  /** Upper bound that the decision of this request set for the family. */
  readonly maximumLifetimeSeconds: (context: object) => number | undefined
}

export function createIssuance({
  policy = defaultRefreshIssuancePolicy,
  assessRisk,
  observe,
}: Pick<RefreshTokenBindingOptions, 'policy' | 'assessRisk' | 'observe'>): Issuance {
  const decisions = new WeakMap<object, RefreshIssuanceDecision>()

  async function decide(subject: IssuanceSubject): Promise<RefreshIssuanceDecision> {
    const { client, accountId, redirectUri, responseType, requestedScopes, consentedScopes } =
      subject
    const risk = await assessRisk?.({ client, accountId, redirectUri, requestedScopes })
    const clientGrantTypes = client.grantTypes ?? []
    return decideRefreshIssuance(
      { clientGrantTypes, responseType, requestedScopes, consentedScopes, risk },
      { policy },
    )
  }

  const issueRefreshToken: NonNullable<Configuration['issueRefreshToken']> = async (
    ctx,
    client,
    source,
  ) => {
    const scopes = [...source.scopes]
    const decision = await decide({
      client,
      accountId: source.accountId ?? '',
      redirectUri: redirectUriOf(source),
      // What is redeemed here is a code. A response type without one cannot get this far.
      responseType: 'code',
      requestedScopes: scopes,
      // The engine keeps in a code only what the grant contains.
      consentedScopes: scopes,
    })
    decisions.set(ctx, decision)
    observe?.({ type: 'issuance-decided', clientId: client.clientId, decision })
    return decision.issue
  }

  return {
    // Without the hook, the engine leaves `refresh_token` out of `grant_types_supported`.
    configuration: policy === 'never' ? {} : { issueRefreshToken },
    decide,
    maximumLifetimeSeconds: (context) => decisions.get(context)?.maximumLifetimeSeconds,
  }
}

/** The one that the engine keeps with a code. Other sources have none. */
function redirectUriOf(source: object): string | undefined {
  return 'redirectUri' in source && typeof source.redirectUri === 'string'
    ? source.redirectUri
    : undefined
}
