import type { RefreshRefusal } from './grant.ts'
import type { StoredGrant } from './grant-repository.ts'
import type { UnsavedTokens } from './unsaved-tokens.ts'

/** The outcome of a refresh transaction. */
export type RefreshOutcome =
  /** This process sent the request; the tokens are saved. */
  | { readonly kind: 'refreshed'; readonly stored: StoredGrant }
  /** Another process had refreshed; nothing was sent. */
  | { readonly kind: 'adopted'; readonly stored: StoredGrant }
  /** Tokens were obtained and could not be saved yet. The lock stays held until they are. */
  | { readonly kind: 'unsaved'; readonly tokens: UnsavedTokens }
  /** The user must sign in. */
  | { readonly kind: 'needs-reauth'; readonly stored: StoredGrant }
  | { readonly kind: 'signed-out' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'no-refresh-token'; readonly stored: StoredGrant }
  /** The server refused, without ending the grant. Once the token expires, the user signs in. */
  | { readonly kind: 'refused'; readonly stored: StoredGrant; readonly refusal: RefreshRefusal }
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
        /** The response to the first request was lost. Worth an immediate retry. */
        | 'response-lost'
      readonly detail: string
      readonly retryAfterSeconds: number | undefined
      readonly cause?: unknown
    }
