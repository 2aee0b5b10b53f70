import type { RefreshTimingOptions } from '@evergrant/core'
import { abortable } from '../lib/abortable.ts'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import type { Observer } from '../lib/events.ts'
import { aboutGrant, diagnosticsObserver } from '../lib/events.ts'
import type { RecordStore } from '../stores/store.ts'
import type { AccessToken } from './access-token.ts'
import type { Grant, GrantIdentity } from './grant.ts'
import { refreshContext } from './refresh-context.ts'
import type { RefreshExchange } from './refresh-exchange.ts'
import type { ManagedGrant } from './refresh-until-usable.ts'
import type { DiscardTokens } from './save-token-set.ts'
import type { ServerHealthOptions } from './server-health.ts'
import { sharedRefresh } from './shared-refresh.ts'
import type { SignedInGrant } from './stored-sign-in.ts'
import { forgetGrant, noteFailedSignIn, saveSignedInGrant } from './stored-sign-in.ts'
import { tokenFreshness } from './token-freshness.ts'
import { tokenMemory } from './token-memory.ts'
import { unsavedInMemory } from './unsaved-in-memory.ts'

/** Options of {@link TokenManager.getAccessToken}. */
export interface GetAccessTokenOptions {
  /** The token that a resource just answered with 401. Any other usable token is returned. */
  readonly rejectedAccessToken?: string | undefined
  /** Stops the wait of this caller. The refresh goes on, because others may wait for it. */
  readonly signal?: AbortSignal | undefined
}

/** Keeps one grant usable: one refresh for each expiry, however many callers there are. */
export interface TokenManager {
  readonly identity: GrantIdentity
  /**
   * Returns a usable access token: from memory, without I/O, while that one is usable. Shortly
   * before it expires, it is still returned while a refresh runs in the background.
   *
   * @throws EvergrantClientError
   * - `SIGN_IN_REQUIRED`: the user must sign in; `signInReason` says why.
   * - `TEMPORARILY_UNAVAILABLE`: nothing is lost; try again after `retryAfterSeconds`.
   * - `TOKEN_REQUEST_REFUSED`: the server refuses the refresh again, right after a sign-in.
   * - `TOKEN_STORE_WRITE_FAILED`, `TOKEN_STORE_UNAVAILABLE`, `RECORD_UNREADABLE`: the store failed.
   */
  getAccessToken(options?: GetAccessTokenOptions): Promise<AccessToken>
  /** The grant as the store holds it now, or `undefined`. Nothing is refreshed. */
  read(): Promise<Grant | undefined>
  /**
   * Stores the tokens of a finished sign-in, replaces what was stored before, and returns these
   * tokens from now on.
   *
   * @throws EvergrantClientError `TOKEN_STORE_WRITE_FAILED`
   */
  saveSignIn(grant: SignedInGrant): Promise<void>
  /** Marks the grant as signed out and returns what it was, or `undefined` if none was stored. */
  forget(): Promise<Grant | undefined>
  /**
   * Resolves when no refresh is running. Await it before the process exits. Tokens that could not
   * be saved yet are saved again, for at most ten seconds.
   */
  whenIdle(): Promise<void>
}

/** Options of {@link createTokenManager}. */
export interface TokenManagerOptions {
  readonly store: RecordStore
  /** Sends the refresh request. */
  readonly exchange: RefreshExchange
  /** Default: the clock of this machine. */
  readonly clock?: Clock | undefined
  /** Receives every event. Events also go to the `evergrant.client` diagnostics channel. */
  readonly observe?: Observer | undefined
  /** When to refresh ahead of expiry. */
  readonly timing?: RefreshTimingOptions | undefined
  readonly serverHealth?: ServerHealthOptions | undefined
  /**
   * How long a caller without a usable token waits while a server or another process is
   * unavailable, before it gets `TEMPORARILY_UNAVAILABLE`. Default 15.
   */
  readonly maximumWaitSeconds?: number | undefined
  /**
   * How long one attempt waits for the refresh of another process. Default 10,000; never longer
   * than `maximumWaitSeconds`.
   */
  readonly lockWaitMilliseconds?: number | undefined
  /**
   * The longest that `exchange` takes. Default 15,000. After the store lost its locks, a refresh that
   * another process started is repeated only after this time.
   */
  readonly requestTimeoutMilliseconds?: number | undefined
  /**
   * Discards tokens that arrived after the user signed out: revokes them, now or later. It must not
   * throw. Default: the tokens are dropped, and expire.
   */
  readonly discard?: DiscardTokens | undefined
}

/**
 * Creates the manager of one grant. Managers over the same store agree with each other, in one
 * process or many. Two managers for one grant in one process only cost additional reads.
 *
 * @example
 * const manager = await createTokenManager(identity, { store, exchange })
 * const { value } = await manager.getAccessToken()
 */
export function createTokenManager(
  identity: GrantIdentity,
  options: TokenManagerOptions,
): Promise<TokenManager> {
  const observe = diagnosticsObserver(options.observe)
  return createMemoryFirstTokenManager(identity, { ...options, observe })
}

/** A token manager as sessions use it: a token in memory needs no asynchronous work. */
export interface MemoryFirstTokenManager extends TokenManager {
  /** The token in memory, if it is usable. Shortly before it expires, a refresh starts, too. */
  fromMemory(rejectedAccessToken?: string): Promise<AccessToken> | undefined
  /** Notes that the token endpoint refused the result of a sign-in. */
  noteFailedSignIn(): Promise<void>
}

/** Options as sessions pass them: their observer publishes on the diagnostics channel already. */
interface MemoryFirstTokenManagerOptions extends TokenManagerOptions {
  /** The only receiver of the events. It must not throw. */
  readonly observe: Observer
}

/** Creates the manager of one grant; see {@link createTokenManager}. */
export async function createMemoryFirstTokenManager(
  identity: GrantIdentity,
  options: MemoryFirstTokenManagerOptions,
): Promise<MemoryFirstTokenManager> {
  const { clock = systemClock, maximumWaitSeconds = 15, lockWaitMilliseconds = 10_000 } = options
  const context = await refreshContext(identity, {
    ...options,
    clock,
    lockWaitMilliseconds: Math.min(lockWaitMilliseconds, maximumWaitSeconds * 1000),
  })
  const { repository, observe } = context
  const actionFor = tokenFreshness(clock, context.timing)
  const memory = tokenMemory(actionFor)
  const unsaved = unsavedInMemory(memory)
  const grant: ManagedGrant = { context, actionFor, memory, unsaved }
  const refresh = sharedRefresh(grant, maximumWaitSeconds)

  function fromMemory(rejectedAccessToken?: string): Promise<AccessToken> | undefined {
    const action = memory.usableFor(rejectedAccessToken)
    if (action === undefined) return undefined
    if (memory.stored?.grant.pending !== undefined) refresh.startInBackground('recovery')
    else if (action === 'refresh-in-background') refresh.startInBackground('ahead-of-expiry')
    return memory.token()
  }

  return {
    identity,
    fromMemory,
    getAccessToken({ rejectedAccessToken, signal } = {}) {
      return (
        fromMemory(rejectedAccessToken) ??
        abortable(refresh.accessToken(rejectedAccessToken), signal)
      )
    },
    async read() {
      return (await repository.read())?.grant
    },
    async saveSignIn(signedIn) {
      memory.remember(await saveSignedInGrant(repository, clock, signedIn))
      await unsaved.release()?.abandon()
      observe({
        ...aboutGrant(identity),
        type: 'signed-in',
        refreshToken: signedIn.tokenSet.refreshToken === undefined ? 'not-issued' : 'issued',
      })
    },
    async noteFailedSignIn() {
      const noted = await noteFailedSignIn(repository, clock)
      if (noted !== undefined) memory.remember(noted)
    },
    async forget() {
      const forgotten = await forgetGrant(repository)
      if (forgotten === undefined) return undefined
      memory.remember(undefined)
      const tokens = unsaved.release()
      if (tokens !== undefined) {
        await context.discard?.(tokens.grant)
        await tokens.abandon()
      }
      return forgotten
    },
    async whenIdle() {
      await refresh.whenIdle()
      // Unsaved tokens exist only in this process, and its exit releases the lock that protects them.
      await unsaved.saveBeforeExit()
    },
  }
}
