import type { RefreshTokenStore } from '@evergrant/authorization-server'
import type { ArtifactStore, StoredForRefresh } from '@evergrant/authorization-server/oidc-provider'
import type { AdapterPayload } from 'oidc-provider'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'

/** A user who can sign in. */
export interface Account {
  readonly id: string
  readonly username: string
  readonly passwordHash: string
}

export interface AccountStore {
  /** `false` when the name is taken. Names are compared case-insensitively. */
  add(account: Account): Promise<boolean>
  findById(id: string): Promise<Account | undefined>
  findByUsername(username: string): Promise<Account | undefined>
  list(): Promise<readonly Account[]>
  /** `false` when the account does not exist. */
  remove(username: string): Promise<boolean>
}

export interface SecretStore {
  /**
   * The secret called `name`, created by `create` the first time. All concurrent callers, in one
   * process or several, get the same value.
   */
  getOrCreate(name: string, create: () => Promise<string>): Promise<string>
  /** Replaces the secret when it is still `current`. Otherwise `false`. */
  replace(name: string, current: string, next: string): Promise<boolean>
}

/** One application that stays signed in, for the page on which its user ends that. */
export interface ActiveGrant {
  readonly grantId: string
  readonly clientId: string
  /** Of the authorization. `undefined` when an earlier version issued the grant. */
  readonly redirectUri: string | undefined
  readonly scope: string
  readonly lastUsedAtEpochSeconds: number
  readonly expiresAtEpochSeconds: number
}

/** What a refresh reads, with the account of the token. */
export interface RefreshReads extends StoredForRefresh {
  readonly account: Account | undefined
}

/** What a rate limiter allows. */
export interface RateLimiterOptions {
  /** Distinguishes its counters from those of other limiters. */
  readonly keyPrefix: string
  /** How many events a key may have in `duration`. */
  readonly points: number
  /** In seconds, from the first event of a key. */
  readonly duration: number
  /** Counts in its place while the database fails. */
  readonly insuranceLimiter: RateLimiterAbstract
}

/**
 * Everything the server stores: in SQLite on one machine, in Postgres for several.
 *
 * Identifiers and names come from requests too. Every `find` accepts any string, and returns
 * `undefined` for a string that the database cannot hold.
 */
export interface Store {
  readonly artifacts: ArtifactStore
  readonly refreshTokens: RefreshTokenStore<AdapterPayload>
  readonly accounts: AccountStore
  readonly secrets: SecretStore
  /** Reads in one statement what a refresh needs. `refreshTokenId` is hashed. */
  findForRefresh(clientId: string, refreshTokenId: string): Promise<RefreshReads>
  /** A limiter whose counters all instances on this database share. */
  rateLimiter(options: RateLimiterOptions): RateLimiterAbstract
  /** Grants of an account with a live refresh token, most recently used first. */
  listActiveGrants(accountId: string, nowEpochSeconds: number): Promise<readonly ActiveGrant[]>
  /** Rejects when the store cannot be read and written. Writes nothing. */
  check(): Promise<void>
  /**
   * Deletes what expired before `beforeEpochSeconds`. Resolves to the number of rows. Works in
   * batches, lets other work run in between, and leaves the rest of a large backlog to the next
   * sweep.
   */
  sweep(beforeEpochSeconds: number): Promise<number>
  close(): Promise<void>
}
