import type { AdapterPayload } from 'oidc-provider'

/** One stored thing of the engine that is not a refresh token: a code, session, grant, client, … */
export interface StoredArtifact {
  /** JSON-serialisable. Carries no usable token: `jti` is left out where the id is a credential. */
  readonly payload: AdapterPayload
  /** Absent: kept until deleted. */
  readonly expiresAtEpochSeconds?: number | undefined
  readonly grantId?: string | undefined
  /** A second unique key within the model: a session's `uid`, a device code's user code. */
  readonly lookupKey?: string | undefined
  readonly consumedAtEpochSeconds?: number | undefined
}

/**
 * Storage for everything but refresh tokens. `model` is the engine's model name.
 *
 * Ids that are credentials (codes, sessions, interactions, opaque access tokens, registration
 * tokens, identifiers of proofs) arrive hashed; those of `Client` and `Grant` arrive as they are.
 */
export interface ArtifactStore {
  /** Inserts or replaces. */
  put(model: string, id: string, artifact: StoredArtifact): Promise<void>
  /**
   * Inserts where nothing is stored under the id, expired or not: of any number of concurrent
   * callers, in any number of processes, exactly one gets `true`.
   */
  add(model: string, id: string, artifact: StoredArtifact): Promise<boolean>
  find(model: string, id: string): Promise<StoredArtifact | undefined>
  findByLookupKey(model: string, lookupKey: string): Promise<StoredArtifact | undefined>
  /**
   * Marks the artifact consumed, compare-and-set: of any number of concurrent callers exactly one
   * gets `true`. `false` also when there is no such artifact.
   */
  consume(model: string, id: string, consumedAtEpochSeconds: number): Promise<boolean>
  /**
   * Moves the expiry of an artifact to `expiresAtEpochSeconds` where it is earlier; `false` where
   * there is no such artifact. Atomic: one that is extended is not deleted by a sweep that runs at
   * the same time, in any process.
   */
  extend(model: string, id: string, expiresAtEpochSeconds: number): Promise<boolean>
  delete(model: string, id: string): Promise<void>
  /** Deletes every artifact of `model` that belongs to the grant. */
  deleteByGrant(model: string, grantId: string): Promise<void>
}
