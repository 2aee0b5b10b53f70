import type { TokenSet } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { passedThreshold } from './expiry-warning.ts'
import type { Grant, PrivateJwk } from './grant.ts'
import type { GrantRepository, StoredGrant } from './grant-repository.ts'
import { persistently } from './persistently.ts'
import { refusalsBefore } from './refresh-refusal.ts'

/** The result of a sign-in. */
export interface SignedInGrant {
  /** The MCP server that the user signed in to, if its binding says how to refresh the grant. */
  readonly serverUrl?: string | undefined
  readonly tokenSet: TokenSet
  readonly requestedScope: string | undefined
  readonly dpopKey?: PrivateJwk | undefined
  /**
   * The grant that served the same MCP server before, if it has another identity. A refusal that
   * ended it is remembered.
   */
  readonly previousGrant?: Grant | undefined
}

/**
 * Stores the tokens of a sign-in and replaces the stored grant.
 *
 * @throws EvergrantClientError `TOKEN_STORE_WRITE_FAILED`
 */
export async function saveSignedInGrant(
  repository: GrantRepository,
  clock: Clock,
  signedIn: SignedInGrant,
): Promise<StoredGrant> {
  const { serverUrl, tokenSet, requestedScope, dpopKey } = signedIn
  const grant: Grant = {
    identity: repository.identity,
    ...(serverUrl === undefined ? {} : { serverUrl }),
    state: 'active',
    tokenSet,
    // A grant that is short from the start needs no warning about that.
    ...passedThreshold(tokenSet, clock.nowEpochSeconds()),
    ...(requestedScope === undefined ? {} : { requestedScope }),
    ...(dpopKey === undefined ? {} : { dpopKey }),
  }
  return await persistently(clock, () =>
    overwrite(repository, clock, grant, signedIn.previousGrant),
  )
}

async function overwrite(
  repository: GrantRepository,
  clock: Clock,
  signedIn: Grant,
  previousGrant: Grant | undefined,
): Promise<StoredGrant> {
  for (;;) {
    const current = await repository.read().catch((error: unknown) => {
      // This read set the damaged record aside, so the sign-in can be stored.
      if (EvergrantClientError.is(error) && error.code === 'RECORD_UNREADABLE') {
        return repository.read()
      }
      throw error
    })
    const refusedBefore = refusalsBefore(previousGrant ?? current?.grant, clock.nowEpochSeconds())
    const grant = refusedBefore === undefined ? signedIn : { ...signedIn, refusedBefore }
    const written = await repository.write(grant, current?.generation ?? 0)
    if (written !== undefined) return written
  }
}

/**
 * Notes that a sign-in after a refusal failed at the token endpoint, too. The next refusal is then an
 * error instead of another sign-in (C-59).
 */
export async function noteFailedSignIn(
  repository: GrantRepository,
  clock: Clock,
): Promise<StoredGrant | undefined> {
  const current = await repository.read()
  const refusedBefore = refusalsBefore(current?.grant, clock.nowEpochSeconds())
  if (current === undefined || refusedBefore === undefined) return undefined
  return await repository.write({ ...current.grant, refusedBefore }, current.generation)
}

/**
 * Marks the stored grant as signed out.
 *
 * @returns The grant as it was, or `undefined` if no sign-in is stored.
 */
export async function forgetGrant(repository: GrantRepository): Promise<Grant | undefined> {
  for (;;) {
    const current = await repository.read()
    if (current === undefined || current.grant.state === 'signed-out') return undefined
    // The record and its generation stay, so that a slower process cannot restore the grant.
    const { identity } = repository
    const written = await repository.write({ identity, state: 'signed-out' }, current.generation)
    if (written !== undefined) return current.grant
  }
}
