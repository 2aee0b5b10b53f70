import type { TokenResponse } from '@evergrant/core'
import type { Grant } from './grant.ts'

/** The result of one refresh request, classified as C-53 requires. */
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
       * Whether the server refused without an OAuth error. Some products end a grant that way, but
       * proxies in front of others sometimes answer the same. Only a second such answer ends the
       * grant.
       */
      readonly unexplained?: boolean | undefined
      /**
       * Whether an HTTP response arrived. Without one, the server may have rotated the refresh
       * token, so the journal stays.
       */
      readonly answered: boolean
      /**
       * Whether the server reported success without a readable token. The refresh token may be
       * spent, so the journal stays. The second such answer counts as a refusal.
       */
      readonly unreadable?: boolean | undefined
      /** Whether the URL of the request is no longer a token endpoint, so the token was not used. */
      readonly endpointMissing?: boolean | undefined
    }

/** Sends the refresh request of a grant. It classifies every failure and never throws. */
export type RefreshExchange = (grant: Grant) => Promise<ExchangeResult>
