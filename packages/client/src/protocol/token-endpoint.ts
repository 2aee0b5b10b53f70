import type { TokenErrorDecision } from '@evergrant/core'
import type { ProviderProfile } from '@evergrant/core/providers'
import { applyProviderProfile } from '@evergrant/core/providers'
import type { TokenEndpointRequestOptions } from 'oauth4webapi'
import type { PrivateJwk } from '../grant/grant.ts'
import type { Clock } from '../lib/clock.ts'
import { clientSecrets } from './client-authentication.ts'
import type { DpopProver } from './dpop-prover.ts'
import type { HttpOptions } from './http.ts'
import type { ClientRegistration } from './registration.ts'
import { classifyAnswer, holdsTokens, readBody } from './token-answer.ts'
import type { TokenServer } from './token-server.ts'

/** Where token requests are sent, and as which client. */
export interface TokenRequestOptions extends HttpOptions {
  readonly authorizationServer: TokenServer
  readonly registration: ClientRegistration
  readonly profile: ProviderProfile
  readonly clock: Clock
  /** Makes proofs for grants whose tokens are bound to a key (RFC 9449). */
  readonly dpop?: DpopProver | undefined
}

/** The answer of a token endpoint: a body that may hold tokens, or the classified error. */
export type TokenAnswer =
  | { readonly body: unknown; readonly status: number; readonly contentType: string | null }
  | { readonly decision: TokenErrorDecision; readonly status: number }

/**
 * Sends a token request, and repeats it once if the server requires its nonce in the proof.
 *
 * @param secrets - The secrets of the request in addition to those of the client. They are removed
 *   from the answer, except from the members that hold tokens.
 */
export async function requestTokens(
  options: TokenRequestOptions,
  dpopKey: PrivateJwk | undefined,
  during: 'refresh' | 'code-exchange',
  secrets: readonly (string | null)[],
  send: (dpop: Pick<TokenEndpointRequestOptions, 'DPoP'>) => Promise<Response>,
): Promise<TokenAnswer> {
  const handle = dpopKey === undefined ? undefined : await options.dpop?.handle(dpopKey)
  for (let attempt = 1; ; attempt += 1) {
    const response = await send(handle === undefined ? {} : { DPoP: handle })
    const body = await readBody(response, [...secrets, ...clientSecrets(options.registration)])
    if (holdsTokens(response, body)) {
      const contentType = response.headers.get('content-type')
      return { body: body.json, status: response.status, contentType }
    }
    const decision = classifyAnswer(response, body, options, during)
    // The nonce came with this answer, and the server has not used the token or code.
    const requiresNonce = decision.outcome === 'use-dpop-nonce' && handle !== undefined
    if (!requiresNonce || attempt > 1) return { decision, status: response.status }
  }
}

/** The parameters of a token request that its grant does not define: `resource` (C-34) and `scope`. */
export function extraParameters(
  { profile }: TokenRequestOptions,
  resource: string,
  scope?: string,
): Readonly<Record<string, string>> {
  const fromProfile = applyProviderProfile(profile, resource)
  return {
    ...(fromProfile.resource === undefined ? {} : { resource: fromProfile.resource }),
    ...(scope === undefined ? {} : { scope }),
  }
}
