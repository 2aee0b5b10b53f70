import type { TokenResponse } from '@evergrant/core'
import type { Grant } from './grant.ts'

/** What came of one refresh request, told apart as C-53 demands. */
export type ExchangeResult =
  | { readonly kind: 'tokens'; readonly response: TokenResponse }
  | {
      readonly kind: 'failed'
      readonly outcome: 'grant-ended' | 'registration-ended' | 'request-refused' | 'transient'
      /** In plain words, without secrets. */
      readonly detail: string
      readonly oauthError?: string | undefined
      readonly retryAfterSeconds?: number | undefined
      /**
       * Whether the server ended the grant without a word, as some products do. So does, now and
       * then, what stands in front of others: it is believed when it comes again.
       */
      readonly unexplained?: boolean | undefined
      /**
       * Whether an HTTP answer arrived. Without one the server may or may not have rotated the
       * refresh token, so the journal stays.
       */
      readonly answered: boolean
      /** Where the request went there is no token endpoint, so nobody looked at it. */
      readonly endpointMissing?: boolean | undefined
    }

/** Sends the refresh request of a grant. It classifies every failure and never throws. */
export type RefreshExchange = (grant: Grant) => Promise<ExchangeResult>
