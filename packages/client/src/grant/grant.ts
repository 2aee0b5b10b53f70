import type { TokenSet } from '@evergrant/core'
import { sha256Hex } from '../lib/sha256.ts'

/**
 * What a grant belongs to. Tokens obtained under one identity are never sent under another: not to
 * another issuer, not for another resource, not for another user of this host.
 */
export interface GrantIdentity {
  /** Which user of this host the grant belongs to. Hosts with one user use `default`. */
  readonly partition: string
  /** The authorization server's issuer identifier. */
  readonly issuer: string
  /** The resource indicator: the canonical URI of the MCP server. */
  readonly resource: string
  readonly clientId: string
}

/**
 * The state of a grant.
 *
 * - `active`: it can be used, and refreshed if it has a refresh token.
 * - `needs-reauth`: the authorization server ended the grant; the user must sign in again. The last
 *   access token is kept, because it can outlive its grant.
 * - `signed-out`: the user signed out. The record holds no tokens.
 */
export type GrantState = 'active' | 'needs-reauth' | 'signed-out'

/** Why the authorization server ended a grant. */
export interface GrantEnd {
  readonly reason:
    /** The grant expired, was revoked, or the user signed out elsewhere. */
    | 'refused'
    /**
     * The response to an earlier refresh never arrived, and the authorization server accepts no
     * superseded refresh token. The client could not have prevented it.
     */
    | 'lost-response'
    /** The client registration is no longer accepted. */
    | 'registration-ended'
  readonly oauthError?: string
  readonly atEpochSeconds: number
  /** What the server answered, in plain words. */
  readonly detail?: string
}

/**
 * A refresh that the authorization server refused without ending the grant. The refresh token is
 * kept. Once the access token cannot be used any longer, the user signs in once (C-59).
 */
export interface RefreshRefusal {
  readonly atEpochSeconds: number
  /** What the server answered, in plain words. */
  readonly detail: string
  readonly oauthError?: string
}

/** Refusals that led to the current sign-in, without a successful refresh since then. */
export interface RefusalsBeforeSignIn {
  /** When the user signed in, or tried to. */
  readonly atEpochSeconds: number
  /** The error of the last one. */
  readonly oauthError?: string
  readonly count: number
}

/**
 * The journal: a refresh that was started and not finished. It is written before the request and
 * removed with the result. A process that takes the lock and finds a journal knows that another
 * process crashed in between.
 */
export interface PendingRefresh {
  readonly startedAtEpochSeconds: number
  /** How many requests with this refresh token were started without a known result. */
  readonly attempts: number
  /** Why the result is not known, if the server answered something unreadable. */
  readonly detail?: string
}

/**
 * A notice that the host has not received yet: the user must sign in. It is written together with the
 * state, and removed when the host has confirmed it.
 */
export interface PendingNotice {
  /** The same for each delivery, so that the host can recognize a repetition. */
  readonly id: string
  /** How many deliveries failed. */
  readonly failures: number
}

/** Everything that is stored about one grant. */
export interface Grant {
  readonly identity: GrantIdentity
  /** The MCP server of the last sign-in. A refresh worker finds there how to refresh the grant. */
  readonly serverUrl?: string
  readonly state: GrantState
  /** Absent after the user signed out. */
  readonly tokenSet?: TokenSet
  /** The scope of all authorization requests of this grant together (see C-22). */
  readonly requestedScope?: string
  readonly pending?: PendingRefresh
  /** How many refreshes in a row failed with an answer that changed nothing. */
  readonly failures?: number
  readonly ended?: GrantEnd
  readonly notice?: PendingNotice
  /** The refusal of the last refresh; absent after a successful one. */
  readonly refusal?: RefreshRefusal
  readonly refusedBefore?: RefusalsBeforeSignIn
  /** The threshold of the last warning that the grant ends soon (C-58). */
  readonly warnedThresholdSeconds?: number
  /** The DPoP key pair the tokens are bound to, as a private JWK (RFC 9449). */
  readonly dpopKey?: PrivateJwk
}

/** A private key as a JSON Web Key (RFC 7517). */
export type PrivateJwk = Readonly<Record<string, unknown>> & { readonly kty: string }

/** The identity of a grant as a record ID: a SHA-256 in hexadecimal, the same on every machine. */
export function grantId(identity: GrantIdentity): Promise<string> {
  return recordId([identity.partition, identity.issuer, identity.resource, identity.clientId])
}

/** A number that spreads the refreshes of many grants; the same on every machine. */
export function jitterKeyOf(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16)
}

/** A record ID made of parts: a SHA-256 of their JSON, so different lists never collide. */
export async function recordId(parts: readonly string[]): Promise<string> {
  return await sha256Hex(JSON.stringify(parts))
}

export function isSameIdentity(one: GrantIdentity, other: GrantIdentity): boolean {
  return (
    one.partition === other.partition &&
    one.issuer === other.issuer &&
    one.resource === other.resource &&
    one.clientId === other.clientId
  )
}
