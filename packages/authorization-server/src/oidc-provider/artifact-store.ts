import type { AdapterPayload } from 'oidc-provider'

/** A stored model of the engine other than a refresh token: a code, session, grant, client, … */
export interface StoredArtifact {
  /** JSON-serializable. Holds no usable token: `jti` is left out when the ID is a credential. */
  readonly payload: AdapterPayload
  /** Absent: kept until deleted. */
  readonly expiresAtEpochSeconds?: number | undefined
  readonly grantId?: string | undefined
  /** A second unique key within the model: a session's `uid`, a device code's user code. */
  readonly lookupKey?: string | undefined
  readonly consumedAtEpochSeconds?: number | undefined
}

/**
 * Storage for everything except refresh tokens. `model` is the engine's model name.
 *
 * IDs that are credentials (codes, sessions, interactions, opaque access tokens, registration
 * tokens, identifiers of proofs) arrive hashed. Those of `Client` and `Grant` arrive in the clear.
 */
export interface ArtifactStore {
  /** Inserts or replaces. */
  put(model: string, id: string, artifact: StoredArtifact): Promise<void>
  /**
   * Inserts when nothing is stored under the ID, expired or not. Of any number of concurrent
   * callers, in any number of processes, exactly one gets `true`.
   */
  add(model: string, id: string, artifact: StoredArtifact): Promise<boolean>
  find(model: string, id: string): Promise<StoredArtifact | undefined>
  findByLookupKey(model: string, lookupKey: string): Promise<StoredArtifact | undefined>
  /**
   * Marks the artifact consumed, compare-and-set: of any number of concurrent callers, exactly one
   * gets `true`. Also `false` when the artifact does not exist.
   */
  consume(model: string, id: string, consumedAtEpochSeconds: number): Promise<boolean>
  /**
   * Moves the expiry of an artifact to `expiresAtEpochSeconds` when it is earlier. `false` when the
   * artifact does not exist. Atomic: a concurrent sweep, in any process, does not delete an artifact
   * that is being extended.
   */
  extend(model: string, id: string, expiresAtEpochSeconds: number): Promise<boolean>
  delete(model: string, id: string): Promise<void>
  /** Deletes every artifact of `model` that belongs to the grant. */
  deleteByGrant(model: string, grantId: string): Promise<void>
}
