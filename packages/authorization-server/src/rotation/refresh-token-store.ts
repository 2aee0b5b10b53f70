/**
 * The stored record of one refresh token. `id` is a hash, so a reader of the storage cannot present
 * the token.
 */
export interface RefreshTokenRecord<Data> {
  /** SHA-256 of the token, base64url. */
  readonly id: string
  /** Shared by all tokens that descend from one authorization. They are revoked together. */
  readonly familyId: string
  readonly issuedAtEpochSeconds: number
  /** Idle expiry: the token is refused from this time on. */
  readonly expiresAtEpochSeconds: number
  /** Absolute expiry, the same for the whole family. Rotation does not move it. */
  readonly familyExpiresAtEpochSeconds: number
  /** When the token was first exchanged. Absent while it is live. */
  readonly supersededAtEpochSeconds?: number | undefined
  /** `id` of the token that was given in exchange. Present exactly when superseded. */
  readonly successorId?: string | undefined
  /** When the token was first presented and given back. Absent until a client has presented it. */
  readonly firstUsedAtEpochSeconds?: number | undefined
  /** What the caller binds to the token: client, subject, scope, resource. */
  readonly data: Data
}

/** Answer of {@link RefreshTokenStore.supersede}. */
export type SupersedeResult =
  /** The caller won: the presented token is superseded and its successor is stored. */
  | 'superseded'
  /** Another caller was first, with the same successor. Nothing was written. */
  | 'already-superseded'
  /** The presented token is not stored, for example because its family was revoked. */
  | 'missing'

/**
 * Storage for refresh tokens, small enough for any database. It only sees hashes of tokens.
 *
 * Concurrency: `supersede` is atomic. Of any number of concurrent callers, in any number of
 * processes, exactly one gets `superseded`, and no caller ever sees a superseded token whose
 * successor is not stored. In SQL, use one transaction around
 * `UPDATE … WHERE id = ? AND superseded_at IS NULL`.
 */
export interface RefreshTokenStore<Data> {
  /** Stores the first token of a family. */
  insert(record: RefreshTokenRecord<Data>): Promise<void>
  find(id: string): Promise<RefreshTokenRecord<Data> | undefined>
  /** Marks `id` superseded by `successor` and stores `successor`: both or neither. */
  supersede(
    id: string,
    successor: RefreshTokenRecord<Data>,
    supersededAtEpochSeconds: number,
  ): Promise<SupersedeResult>
  /** Sets `firstUsedAtEpochSeconds` when it is not set. A missing token is not an error. */
  markUsed(id: string, firstUsedAtEpochSeconds: number): Promise<void>
  /**
   * Deletes every token of the family. A later `supersede` of any of them is `missing`, and a
   * concurrent one leaves no successor behind. If the database's DELETE does not see rows that were
   * written while it waited for a lock, repeat it until it deletes nothing.
   */
  revokeFamily(familyId: string): Promise<void>
}
