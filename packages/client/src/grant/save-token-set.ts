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
  /** Gets rid of tokens that came for a grant that was signed out meanwhile (C-57). */
  readonly discard?: DiscardTokens | undefined
  /** The refresh that brought the tokens, as its events name it. */
  readonly attemptId: string
}

/** Sees to it that the tokens of a grant are revoked, now or later. It never throws. */
export type DiscardTokens = (grant: Grant) => Promise<void>

/** How saving a freshly obtained token set went. */
export type SaveOutcome =
  | { readonly kind: 'refreshed'; readonly stored: StoredGrant }
  | { readonly kind: 'adopted'; readonly stored: StoredGrant }
  | { readonly kind: 'signed-out' }
  /** The store failed throughout. `stored` is what is to be saved. */
  | {
      readonly kind: 'unsaved'
      readonly stored: StoredGrant
      readonly spentRefreshToken: string
      readonly cause: EvergrantClientError
    }

/**
 * Saves a token set that was just obtained, and tells the exchange's success from the save's.
 *
 * A failing write is tried again for a while, since the tokens exist nowhere else. A conflict is
 * settled by asking whose tokens are newer: a record that still holds the refresh token we spent
 * is older than ours, whatever was marked on it meanwhile.
 */
export async function saveTokenSet(
  context: SaveContext,
  toSave: StoredGrant,
  spentRefreshToken: string,
): Promise<SaveOutcome> {
  const { repository, clock, observe, attemptId } = context
  const about = aboutGrant(repository.identity)
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
    observe({ ...about, type: 'save-failed', attemptId })
    return {
      kind: 'unsaved',
      stored: { grant: toSave.grant, generation: expectedGeneration },
      spentRefreshToken,
      cause,
    }
  }
}
