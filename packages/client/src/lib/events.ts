import type { LifetimeMember } from '@evergrant/core'
import type { SignInFallback } from '@evergrant/core/authorization'
import type { Assumption } from './assumption.ts'

/** An event of the token lifecycle. No event contains a token, a code, a verifier or a secret. */
export type ClientEvent =
  /** A refresh request is sent. */
  | (GrantEvent & {
      readonly type: 'refresh-started'
      /**
       * Identifies this request in all of its events. The users of a host share issuer, resource
       * and client, so only this ID tells their refreshes apart. It does not identify the user.
       */
      readonly attemptId: string
      readonly reason: RefreshReason
      /**
       * How long the access token to be replaced is still valid: 0 if it has expired, `undefined`
       * if the server named no lifetime.
       */
      readonly remainingSeconds: number | undefined
    })
  /** New tokens were obtained and saved. After `save-failed`, this can be much later. */
  | (GrantEvent & {
      readonly type: 'refresh-succeeded'
      readonly attemptId: string
      readonly reason: RefreshReason
      /** From sending the request to saving the tokens. */
      readonly durationSeconds: number
      /** Whether the response contained a new refresh token. */
      readonly rotated: boolean
      readonly expiresInSeconds: number | undefined
      /**
       * How long after the expiry of the old access token the new tokens were saved. Negative: before
       * it expired. `undefined`: the server named no lifetime.
       */
      readonly lateSeconds: number | undefined
    })
  /** Another process or machine had refreshed; its tokens are used. */
  | (GrantEvent & {
      readonly type: 'refresh-adopted'
      /** Present if a request was sent, and newer tokens were stored before its own. */
      readonly attemptId?: string
      readonly reason: RefreshReason
    })
  /** A refresh returned no tokens. The grant is kept unless a `grant-ended` event follows. */
  | (GrantEvent & {
      readonly type: 'refresh-failed'
      readonly attemptId: string
      readonly reason: RefreshReason
      /** `signed-out`: it returned tokens, but the user had signed out in the meantime. */
      readonly outcome: string
      readonly oauthError: string | undefined
      readonly retryAfterSeconds: number | undefined
    })
  /** No request was sent: the authorization server asked to wait, or failed a moment ago. */
  | (GrantEvent & {
      readonly type: 'refresh-deferred'
      readonly reason: RefreshReason
      readonly because: string
      readonly retryAfterSeconds: number | undefined
    })
  /** A process started a refresh and did not finish it. The refresh is repeated now. */
  | (GrantEvent & { readonly type: 'refresh-recovering'; readonly attempts: number })
  /** How long the process waited for the lock. */
  | (GrantEvent & {
      readonly type: 'lock-waited'
      readonly outcome: 'acquired' | 'busy' | 'unavailable'
      readonly durationSeconds: number
    })
  /** Tokens were obtained and could not be saved yet. They are kept in memory. */
  | (GrantEvent & { readonly type: 'save-failed'; readonly attemptId: string })
  /** The authorization server granted less than the requested scope (RFC 6749 §5.1). */
  | (GrantEvent & { readonly type: 'scope-narrowed'; readonly missingScopes: readonly string[] })
  /** The authorization server ended the grant. The user must sign in again. */
  | (GrantEvent & { readonly type: 'grant-ended'; readonly reason: string })
  /**
   * The refresh token or the user's authorization ends soon, and a refresh does not extend it.
   * Sent once seven days, three days and one day before, with a refresh. Ask the user to sign in.
   */
  | (GrantEvent & {
      readonly type: 'grant-expiring'
      readonly expires: 'refresh-token' | 'authorization'
      readonly expiresAtEpochSeconds: number
      readonly remainingSeconds: number
      /** The member of the token response that said so. */
      readonly source: LifetimeMember
    })
  /** A sign-in relies on something that no server declared. */
  | (GrantEvent & { readonly type: 'assumption-made'; readonly assumption: Assumption })
  /** A new client was registered in the place of a stored one. `clientId` is the new one. */
  | (GrantEvent & {
      readonly type: 'client-registered-again'
      readonly reason:
        /** The authorization server no longer accepts the stored client. */
        | 'client-refused'
        /** The server registered a default scope, and refused the requested one. */
        | 'scope-not-registered'
        /** The caller of `signIn` required it. */
        | 'requested'
    })
  /**
   * A sign-in was refused, and is repeated with another request. If the refusal was shown in the
   * browser, a second authorization page follows.
   */
  | (GrantEvent & {
      readonly type: 'sign-in-fallback'
      readonly fallback: SignInFallback
      /** In plain words, with the words of the server. */
      readonly explanation: string
      readonly oauthError: string | undefined
    })
  | (GrantEvent & { readonly type: 'signed-in'; readonly refreshToken: 'issued' | 'not-issued' })
  | (GrantEvent & {
      readonly type: 'signed-out'
      readonly revocation: 'revoked' | 'pending' | 'not-supported' | 'refused' | 'nothing-to-revoke'
    })

/** Which grant an event is about. */
export interface GrantEvent {
  readonly issuer: string
  readonly resource: string
  readonly clientId: string
}

/** The members of an event that name its grant. They do not identify the user. */
export function aboutGrant(identity: GrantEvent): GrantEvent {
  return { issuer: identity.issuer, resource: identity.resource, clientId: identity.clientId }
}

/** Why a refresh is requested. */
export type RefreshReason =
  /** The access token expires soon, and is still valid. */
  | 'ahead-of-expiry'
  /** The access token has expired. */
  | 'expired'
  /** The resource answered 401 to the access token. */
  | 'rejected'
  /** An earlier refresh was started and its result is not known. */
  | 'recovery'

/** Receives events. It is called synchronously. Its errors are ignored. */
export type Observer = (event: ClientEvent) => void

/** The name of the `node:diagnostics_channel` that every event is published on. */
export const diagnosticsChannelName = 'evergrant.client'

interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

/**
 * An observer that publishes on `node:diagnostics_channel` if the runtime has it, and then calls
 * `next`. It finds the module through the global `process`, so bundles for browsers contain no
 * import of it.
 */
export function diagnosticsObserver(next?: Observer): Observer {
  const channel = diagnosticsChannel()
  return (event) => {
    if (channel?.hasSubscribers) channel.publish(event)
    try {
      next?.(event)
    } catch {
      // A failing observer must not break a refresh.
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
