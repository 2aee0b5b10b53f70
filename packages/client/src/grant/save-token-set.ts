import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { aboutGrant } from '../lib/events.ts'
import type { Observer } from '../lib/events.ts'
import type { Grant } from './grant.ts'
import type { GrantRepository, StoredGrant } from './grant-repository.ts'
import { persistently } from './persistently.ts'

/** What saving needs. */
export interface SaveContext {
  readonly repository: GrantRepository
  readonly clock: Clock
  readonly observe: Observer
  /** Discards tokens that arrived after the user signed out (C-57). */
  readonly discard?: DiscardTokens | undefined
  /** The refresh that brought the tokens, as its events name it. */
  readonly attemptId: string
}

/** Revokes the tokens of a grant, now or later. It never throws. */
export type DiscardTokens = (grant: Grant) => Promise<void>

/** The outcome of saving a new token set. */
export type SaveOutcome =
  | { readonly kind: 'refreshed'; readonly stored: StoredGrant }
  | { readonly kind: 'adopted'; readonly stored: StoredGrant }
  | { readonly kind: 'signed-out' }
  /** Every attempt failed. `stored` is the grant to save. */
  | {
      readonly kind: 'unsaved'
      readonly stored: StoredGrant
      readonly spentRefreshToken: string
      readonly cause: EvergrantClientError
    }

/**
 * Saves a token set that was just obtained. The outcome `unsaved` is separate from a failed exchange,
 * because the exchange has succeeded.
 *
 * A failing write is repeated for a while, because the tokens exist only in this process. On a
 * conflict, the newer tokens win: a record that still holds the refresh token that this process
 * spent is older, in any state.
 */
export async function saveTokenSet(
  context: SaveContext,
  toSave: StoredGrant,
  spentRefreshToken: string,
): Promise<SaveOutcome> {
  const { repository, clock, observe, attemptId } = context
  let expectedGeneration = toSave.generation
  try {
    return await persistently(clock, async () => {
      for (;;) {
        const written = await repository.write(toSave.grant, expectedGeneration)
        if (written !== undefined) return { kind: 'refreshed', stored: written }
        const current = await repository.read()
        if (current?.grant.state === 'signed-out') {
          await context.discard?.(toSave.grant)
          return { kind: 'signed-out' }
        }
        const theirs = current?.grant.tokenSet?.refreshToken
        if (current !== undefined && theirs !== spentRefreshToken) {
          return { kind: 'adopted', stored: current }
        }
        expectedGeneration = current?.generation ?? 0
      }
    })
  } catch (cause) {
    if (!EvergrantClientError.is(cause)) throw cause
    observe({ ...aboutGrant(repository.identity), type: 'save-failed', attemptId })
    return {
      kind: 'unsaved',
      stored: { grant: toSave.grant, generation: expectedGeneration },
      spentRefreshToken,
      cause,
    }
  }
}
