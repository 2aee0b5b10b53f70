/**
 * What the token lifecycle reports while it works. No event carries a token, a code, a verifier
 * or a secret.
 */
export type ClientEvent =
  /** A refresh request goes out. */
  | (GrantEvent & {
      readonly type: 'refresh-started'
      /**
       * The same in all events of this one request, and in no others. The users of a host share
       * issuer, resource and client, so only this tells their refreshes apart; it says nothing
       * about who they are.
       */
      readonly attemptId: string
      readonly reason: RefreshReason
      /**
       * How long the access token to be replaced is still good: 0 where it has expired,
       * `undefined` where the server never said.
       */
      readonly remainingSeconds: number | undefined
    })
  /** New tokens were obtained and saved; where `save-failed` came before it, much later. */
  | (GrantEvent & {
      readonly type: 'refresh-succeeded'
      readonly attemptId: string
      readonly reason: RefreshReason
      /** From the request to the saved answer. */
      readonly durationSeconds: number
      /** Whether a new refresh token came with it. */
      readonly rotated: boolean
      readonly expiresInSeconds: number | undefined
    })
  /** Another caller, process or machine had refreshed; its tokens were taken over. */
  | (GrantEvent & {
      readonly type: 'refresh-adopted'
      /** Present where a request had been sent, and newer tokens were stored before its own. */
      readonly attemptId?: string
      readonly reason: RefreshReason
    })
  /** A refresh brought no tokens. The grant is kept unless a `grant-ended` event follows. */
  | (GrantEvent & {
      readonly type: 'refresh-failed'
      readonly attemptId: string
      readonly reason: RefreshReason
      /** `signed-out`: it did bring tokens, to a grant that was signed out meanwhile. */
      readonly outcome: string
      readonly oauthError: string | undefined
      readonly retryAfterSeconds: number | undefined
    })
  /** Not now: the authorization server asked for patience, or failed a moment ago. */
  | (GrantEvent & {
      readonly type: 'refresh-deferred'
      readonly reason: RefreshReason
      readonly because: string
      readonly retryAfterSeconds: number | undefined
    })
  /** A refresh was found that somebody began and did not finish; it is repeated now. */
  | (GrantEvent & { readonly type: 'refresh-recovering'; readonly attempts: number })
  /** How long the lock was waited for. */
  | (GrantEvent & {
      readonly type: 'lock-waited'
      readonly outcome: 'acquired' | 'busy' | 'unavailable'
      readonly durationSeconds: number
    })
  /** Tokens were obtained but could not be saved yet; they are kept in memory. */
  | (GrantEvent & { readonly type: 'save-failed'; readonly attemptId: string })
  /** The authorization server granted less than was asked for (RFC 6749 §5.1). */
  | (GrantEvent & { readonly type: 'scope-narrowed'; readonly missingScopes: readonly string[] })
  /** The grant is over; a person has to sign in. */
  | (GrantEvent & { readonly type: 'grant-ended'; readonly reason: string })
  | (GrantEvent & { readonly type: 'signed-in'; readonly refreshToken: 'issued' | 'not-issued' })
  | (GrantEvent & {
      readonly type: 'signed-out'
      readonly revocation: 'revoked' | 'pending' | 'not-supported' | 'refused' | 'nothing-to-revoke'
    })

/** Which grant an event speaks of. */
export interface GrantEvent {
  readonly issuer: string
  readonly resource: string
  readonly clientId: string
}

/** What an event says about its grant: enough to find it, nothing that says whose it is. */
export function aboutGrant(identity: GrantEvent): GrantEvent {
  return { issuer: identity.issuer, resource: identity.resource, clientId: identity.clientId }
}

/** Why a refresh is wanted. */
export type RefreshReason =
  /** The access token is near its end, and still good. */
  | 'ahead-of-expiry'
  /** The access token has expired. */
  | 'expired'
  /** The resource answered 401 to the access token. */
  | 'rejected'
  /** An earlier refresh was begun and its result is not known. */
  | 'recovery'
  /** The application asked for it. */
  | 'requested'

/** Receives events. It is called synchronously; what it throws is ignored. */
export type Observer = (event: ClientEvent) => void

/** The name of the `node:diagnostics_channel` that every event is published on. */
export const diagnosticsChannelName = 'evergrant.client'

interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

/**
 * An observer that publishes on `node:diagnostics_channel` where the runtime has it, and then
 * calls `next`. Found through the global `process`, so that no browser bundle meets an import.
 */
export function diagnosticsObserver(next?: Observer): Observer {
  const channel = diagnosticsChannel()
  return (event) => {
    if (channel?.hasSubscribers) channel.publish(event)
    try {
      next?.(event)
    } catch {
      // An observer that fails must not cost anybody a grant.
    }
  }
}

function diagnosticsChannel(): Channel | undefined {
  const runtime = (globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } })
    .process
  const module = runtime?.getBuiltinModule?.('node:diagnostics_channel') as
    | { channel(name: string): Channel }
    | undefined
  return module?.channel(diagnosticsChannelName)
}
