import type { RefreshTokenStore } from '@evergrant/authorization-server'
import type { ArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import type { AdapterPayload } from 'oidc-provider'

/** A person who can sign in. */
export interface Account {
  readonly id: string
  readonly username: string
  readonly passwordHash: string
}

export interface AccountStore {
  /** False when the name is taken; names are compared without regard to case. */
  add(account: Account): Promise<boolean>
  findById(id: string): Promise<Account | undefined>
  findByUsername(username: string): Promise<Account | undefined>
  list(): Promise<readonly Account[]>
  /** False when there was none. */
  remove(username: string): Promise<boolean>
}

export interface SecretStore {
  /**
   * The secret called `name`; made by `create` the first time. Of concurrent callers, in one
   * process or several, all get the same value.
   */
  getOrCreate(name: string, create: () => Promise<string>): Promise<string>
  /** Replaces the secret where it still is `current`; false where it is not (any more). */
  replace(name: string, current: string, next: string): Promise<boolean>
}

/** One lasting sign-in, for the page on which its owner ends it. */
export interface LastingGrant {
  readonly grantId: string
  readonly clientId: string
  /** Of the authorization; `undefined` where an earlier version issued it. */
  readonly redirectUri: string | undefined
  readonly scope: string
  readonly lastUsedAtEpochSeconds: number
  readonly expiresAtEpochSeconds: number
}

/**
 * Everything the server keeps: SQLite on one machine, Postgres for several.
 *
 * Identifiers and names come from requests too: every `find` takes any string, and answers
 * `undefined` for those its database cannot even hold.
 */
export interface Store {
  readonly artifacts: ArtifactStore
  readonly refreshTokens: RefreshTokenStore<AdapterPayload>
  readonly accounts: AccountStore
  readonly secrets: SecretStore
  /** Grants of an account that hold a live refresh token, newest use first. */
  listLastingGrants(accountId: string, nowEpochSeconds: number): Promise<readonly LastingGrant[]>
  /** Rejects when the store cannot be read and written. Writes nothing. */
  check(): Promise<void>
  /**
   * Deletes what expired before `beforeEpochSeconds`; resolves to the number of rows. Goes in
   * batches, lets others work in between, and leaves the rest of a very large backlog to the next.
   */
  sweep(beforeEpochSeconds: number): Promise<number>
  close(): Promise<void>
}
