import type { TokenSet } from '@evergrant/core'

/**
 * To whom a grant belongs. Tokens obtained under one identity are never sent under another:
 * not to another issuer, not for another resource, not for another user of this host.
 */
export interface GrantIdentity {
  /** Whose grant it is among the users of this host; hosts with one user leave it `default`. */
  readonly partition: string
  /** The authorization server's issuer identifier. */
  readonly issuer: string
  /** The resource indicator: the canonical URI of the MCP server. */
  readonly resource: string
  readonly clientId: string
}

/**
 * Where a grant stands.
 *
 * - `active`: it can be used, and refreshed if it has a refresh token.
 * - `ended`: the authorization server said `invalid_grant`; a person has to sign in. The last
 *   access token is kept, since it can outlive its grant.
 * - `signed-out`: forgotten on request. The refresh token stays only until it is revoked.
 */
export type GrantState = 'active' | 'ended' | 'signed-out'

/** Why a grant ended, in terms a person can act on. */
export interface GrantEnd {
  readonly reason:
    /** The authorization server ended it: expired, revoked, or signed out elsewhere. */
    | 'refused'
    /**
     * The answer to an earlier refresh never arrived, and the authorization server honours no
     * superseded refresh token. Nothing on this side could have prevented it.
     */
    | 'lost-response'
    /** The client registration is no longer accepted. */
    | 'registration-ended'
  readonly oauthError?: string
  readonly atEpochSeconds: number
}

/**
 * The journal: a refresh that was begun and not finished. Written before the request, gone with
 * its result. Found by somebody else while the lock is free, it means a crash in between.
 */
export interface PendingRefresh {
  readonly startedAtEpochSeconds: number
  /** How many requests were begun for this refresh token without a known result. */
  readonly attempts: number
}

/** Everything that is kept about one grant. */
export interface Grant {
  readonly identity: GrantIdentity
  readonly state: GrantState
  /** Absent once the grant is signed out and revoked. */
  readonly tokenSet?: TokenSet
  /** What was asked for, over all authorization requests of this grant (C-22 builds on it). */
  readonly requestedScope?: string
  readonly pending?: PendingRefresh
  readonly ended?: GrantEnd
  /** The DPoP key pair the tokens are bound to, as a private JWK (RFC 9449). */
  readonly dpopKey?: PrivateJwk
}

/** A private key as a JSON Web Key (RFC 7517). */
export type PrivateJwk = Readonly<Record<string, unknown>> & { readonly kty: string }

/** The identity of a grant as a record ID: a SHA-256 in hexadecimal, the same on every machine. */
export function grantId(identity: GrantIdentity): Promise<string> {
  return recordId([identity.partition, identity.issuer, identity.resource, identity.clientId])
}

/** What moves a grant's refreshes away from those of others: the same on every machine. */
export function jitterKeyOf(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16)
}

/** A record ID made of parts: SHA-256 over their JSON, so that no two lists of parts collide. */
export async function recordId(parts: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest(
    'SHA-256',
    new TextEncoder().encode(JSON.stringify(parts)),
  )
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
