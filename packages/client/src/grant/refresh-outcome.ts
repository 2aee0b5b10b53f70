import type { StoredGrant } from './grant-repository.ts'
import type { UnsavedTokens } from './unsaved-tokens.ts'

/** How a refresh transaction went. */
export type RefreshOutcome =
  /** This process sent the request; the tokens are saved. */
  | { readonly kind: 'refreshed'; readonly stored: StoredGrant }
  /** Somebody else had refreshed; nothing was sent. */
  | { readonly kind: 'adopted'; readonly stored: StoredGrant }
  /** Tokens were obtained and could not be saved yet. They hold the lock until they are. */
  | { readonly kind: 'unsaved'; readonly tokens: UnsavedTokens }
  /** A person has to sign in. */
  | { readonly kind: 'ended'; readonly stored: StoredGrant }
  | { readonly kind: 'signed-out' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'no-refresh-token'; readonly stored: StoredGrant }
  /** The request itself is wrong for this server; repeating it or signing in again is no cure. */
  | {
      readonly kind: 'refused'
      readonly stored: StoredGrant
      readonly detail: string
      readonly oauthError: string | undefined
    }
  /** Nothing is lost, and a later attempt can succeed. */
  | {
      readonly kind: 'not-now'
      readonly stored: StoredGrant | undefined
      readonly because:
        | 'backing-off'
        | 'lock-busy'
        | 'lock-unavailable'
        | 'store-unwritable'
        | 'server-unavailable'
        /** No answer came, and the first one may have: worth asking again at once. */
        | 'answer-lost'
      readonly detail: string
      readonly retryAfterSeconds: number | undefined
      readonly cause?: unknown
    }
