import { decideRefreshIssuance } from '@evergrant/authorization-server'
import type { RefreshIssuanceRule } from '@evergrant/authorization-server'

/** A rule of a product that SEP-2207 does not recommend, and no preset has. */
export interface EmulatedIssuanceRule extends RefreshIssuanceRule {
  readonly name: string
  /** For the summary: which clients get a refresh token. */
  readonly summary: string
}

/** Every authorization code brings a refresh token (against A-02). */
export const anyCode: EmulatedIssuanceRule = {
  name: 'any-code',
  summary: 'with every authorization code',
  decide: () => ({
    issue: true,
    reason: 'code-redeemed',
    explanation: 'This server issues one with every authorization code.',
  }),
  offlineAccessHasEffect: false,
  grantTypeIsOptional: true,
}

/** `offline_access` decides. The client's `grant_types` have no effect. */
export const offlineAccessAlone: EmulatedIssuanceRule = {
  name: 'offline-access-alone',
  summary: 'to clients that are granted offline_access',
  decide: (request) =>
    decideRefreshIssuance(
      { ...request, clientGrantTypes: ['refresh_token'], risk: undefined },
      { policy: 'oidc' },
    ),
  offlineAccessHasEffect: true,
  grantTypeIsOptional: true,
}
