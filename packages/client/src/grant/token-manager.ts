import type { RefreshTimingOptions, TokenSet } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { detachable } from '../lib/abortable.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { Observer, RefreshReason } from '../lib/events.ts'
import { aboutGrant, diagnosticsObserver } from '../lib/events.ts'
import type { Grant, GrantIdentity, PrivateJwk } from './grant.ts'
import { grantId, jitterKeyOf } from './grant.ts'
import type { StoredGrant } from './grant-repository.ts'
import { grantRepository } from './grant-repository.ts'
import { notNow, signInRequired } from './outcome-errors.ts'
import type { RefreshContext, RefreshStep } from './refresh-context.ts'
import type { RefreshExchange } from './refresh-exchange.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'
import { refreshGrant } from './refresh-transaction.ts'
import { persistently } from './persistently.ts'
import type { DiscardTokens, SaveOutcome } from './save-token-set.ts'
import type { ServerHealthOptions } from './server-health.ts'
import { serverHealthRecord } from './server-health.ts'
import type { Freshness } from './token-freshness.ts'
import { tokenFreshness } from './token-freshness.ts'
import type { UnsavedTokens } from './unsaved-tokens.ts'
import type { RecordStore } from '../stores/store.ts'

/** An access token, ready to be sent. */
export interface AccessToken {
  readonly value: string
  readonly tokenType: 'Bearer' | 'DPoP'
  /** The granted scope, space-separated; `undefined` where nobody ever named one. */
  readonly scope: string | undefined
  readonly expiresAtEpochSeconds: number | undefined
}

/** What a caller of {@link TokenManager.getAccessToken} may say. */
export interface GetAccessTokenOptions {
  /** The token that a resource just answered with 401. Any other token will do, also an older one. */
  readonly rejectedAccessToken?: string | undefined
  /** Stops this caller's waiting. The refresh goes on: others wait for it too. */
  readonly signal?: AbortSignal | undefined
}

/** Keeps one grant usable: one refresh for each expiry, whoever asks. */
export interface TokenManager {
  readonly identity: GrantIdentity
  /**
   * An access token that is good now. From memory, without I/O, while there is one; near its end
   * it is still handed out while a refresh runs in the background.
   *
   * @throws EvergrantClientError
   * - `SIGN_IN_REQUIRED`: a person has to sign in; `signInReason` says why.
   * - `TEMPORARILY_UNAVAILABLE`: nothing is lost, try again after `retryAfterSeconds`.
   * - `TOKEN_REQUEST_REFUSED`: the server refuses the request itself, as configured.
   * - `TOKEN_STORE_WRITE_FAILED`, `TOKEN_STORE_UNAVAILABLE`, `RECORD_UNREADABLE`: the store.
   */
  getAccessToken(options?: GetAccessTokenOptions): Promise<AccessToken>
  /** The grant as the store holds it now, or `undefined`. Nothing is refreshed. */
  read(): Promise<Grant | undefined>
  /** The key that the tokens handed out last are bound to (DPoP), if they are. */
  dpopKey(): PrivateJwk | undefined
  /**
   * Stores the tokens of a finished sign-in, whatever was stored before, and hands them out from
   * now on.
   *
   * @throws EvergrantClientError `TOKEN_STORE_WRITE_FAILED`
   */
  adopt(grant: SignedInGrant): Promise<void>
  /** Marks the grant as signed out and returns what it was, or `undefined` where there is none. */
  forget(): Promise<Grant | undefined>
  /**
   * Resolves when no refresh is under way: what to await before the process exits. Tokens that
   * could not be saved yet are tried again, for ten seconds at most.
   */
  whenIdle(): Promise<void>
}

/** What a sign-in brings. */
export interface SignedInGrant {
  readonly tokenSet: TokenSet
  readonly requestedScope: string | undefined
  readonly dpopKey?: PrivateJwk | undefined
}

/** What a token manager works with. */
export interface TokenManagerOptions {
  readonly store: RecordStore
  /** Sends the refresh request. */
  readonly exchange: RefreshExchange
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
  /** Receives every event, besides the `evergrant.client` diagnostics channel. */
  readonly observe?: Observer | undefined
  /** When to refresh ahead of expiry. */
  readonly timing?: RefreshTimingOptions | undefined
  readonly serverHealth?: ServerHealthOptions | undefined
  /**
   * How long a caller without a good token waits while a server or a sibling is unavailable,
   * before it gets `TEMPORARILY_UNAVAILABLE`. Default 15.
   */
  readonly maximumWaitSeconds?: number | undefined
  /**
   * How long to wait for another process's refresh in one go. Default 10,000; never longer than
   * `maximumWaitSeconds`.
   */
  readonly lockWaitMilliseconds?: number | undefined
  /**
   * Gets rid of tokens that came for a grant which was signed out meanwhile: has them revoked, now
   * or later. Must not throw. Default: they are forgotten, and end when they expire.
   */
  readonly discard?: DiscardTokens | undefined
  /** Called at every step of a refresh transaction: where a fault harness stops the process. */
  readonly atStep?: ((step: RefreshStep) => void | Promise<void>) | undefined
}

/** The shortest pause between two attempts of a waiting caller, in milliseconds. */
const shortestPauseMilliseconds = 50
/** How often, at most, a failing refresh ahead of expiry is tried again in this process. */
const backgroundPauseSeconds = 1
/** How often tokens that could not be saved are tried once more before the process may end. */
const lastAttempts = 3
/** How long a request that the server refuses as wrong is not repeated by this process. */
const refusedPauseSeconds = 10

/**
 * Creates the manager of one grant. Managers over the same store agree with each other, in one
 * process or many; several for one grant in one process cost only the extra reads.
 */
export function createTokenManager(
  identity: GrantIdentity,
  options: TokenManagerOptions,
): Promise<TokenManager> {
  const observe = diagnosticsObserver(options.observe)
  return createMemoryFirstTokenManager(identity, { ...options, observe })
}

/** A token manager as sessions use it: what is at hand needs no promise. */
export interface MemoryFirstTokenManager extends TokenManager {
  /** The token in memory, if it is good; near its end, a refresh is started beside it. */
  fromMemory(rejectedAccessToken?: string): Promise<AccessToken> | undefined
}

/** As sessions create it: their observer publishes on the diagnostics channel already. */
interface MemoryFirstTokenManagerOptions extends TokenManagerOptions {
  /** Receives every event, alone. It must not throw. */
  readonly observe: Observer
}

/** Creates the manager of one grant; see {@link createTokenManager}. */
export async function createMemoryFirstTokenManager(
  identity: GrantIdentity,
  options: MemoryFirstTokenManagerOptions,
): Promise<MemoryFirstTokenManager> {
  const { clock = systemClock, maximumWaitSeconds = 15, observe } = options
  const repository = await grantRepository(options.store, identity, clock)
  const timing: RefreshTimingOptions = {
    ...options.timing,
    jitterKey: jitterKeyOf(await grantId(identity)),
  }
  const context: RefreshContext = {
    repository,
    health: await serverHealthRecord(options.store, identity.issuer, clock, options.serverHealth),
    exchange: options.exchange,
    clock,
    observe,
    discard: options.discard,
    lockWaitMilliseconds: Math.min(
      options.lockWaitMilliseconds ?? 10_000,
      maximumWaitSeconds * 1000,
    ),
    timing,
    atStep: options.atStep,
  }
  return tokenManager(context, maximumWaitSeconds, tokenFreshness(clock, timing))
}

/** A refresh under way. Work in the background gives up at once where a caller would wait. */
interface Work {
  readonly result: Promise<StoredGrant>
  readonly inBackground: boolean
}

function tokenManager(
  context: RefreshContext,
  maximumWaitSeconds: number,
  actionFor: Freshness,
): MemoryFirstTokenManager {
  const { repository, clock, observe } = context
  const { identity } = repository
  const about = aboutGrant(identity)

  /** What the store said last. */
  let known: StoredGrant | undefined
  /** Tokens that were obtained and could not be saved. They are handed out once they are saved. */
  let unsaved: UnsavedTokens | undefined
  /** The last refusal of a request that is wrong for this server, until a refresh succeeds. */
  let refused:
    | { readonly outcome: Extract<RefreshOutcome, { kind: 'refused' }>; readonly at: number }
    | undefined
  let inFlight: Work | undefined
  /** What every caller gets while the token in memory is good. */
  let handedOut: { readonly tokenSet: TokenSet; readonly token: Promise<AccessToken> } | undefined
  /** When a refresh in the background was last begun, or ended. */
  let lastBackgroundAtEpochSeconds = Number.NEGATIVE_INFINITY

  return {
    identity,
    fromMemory,
    getAccessToken({ rejectedAccessToken, signal } = {}) {
      return fromMemory(rejectedAccessToken) ?? detachable(obtain(rejectedAccessToken), signal)
    },
    async read() {
      return (await repository.read())?.grant
    },
    dpopKey: () => known?.grant.dpopKey,
    adopt,
    forget,
    async whenIdle() {
      // One refresh can lead to another: a recovery starts when the work before it ends.
      for (let work = inFlight; work !== undefined; work = inFlight) {
        await work.result.catch(() => undefined)
      }
      // The tokens exist in this process alone, and with it goes the lock that protects them.
      for (let attempt = 1; unsaved !== undefined && attempt <= lastAttempts; attempt += 1) {
        settleUnsaved(unsaved, await unsaved.save())
      }
    },
  }

  function fromMemory(rejectedAccessToken?: string): Promise<AccessToken> | undefined {
    const tokenSet = known?.grant.tokenSet
    if (tokenSet === undefined || tokenSet.accessToken === rejectedAccessToken) return undefined
    const action = actionFor(tokenSet)
    if (action === 'expired') return undefined
    if (known?.grant.pending !== undefined) refreshInBackground('recovery')
    else if (action === 'refresh-in-background') refreshInBackground('ahead-of-expiry')
    if (handedOut?.tokenSet !== tokenSet) {
      const token = Promise.resolve(accessTokenOf(tokenSet))
      handedOut = { tokenSet, token }
    }
    return handedOut.token
  }

  function refreshInBackground(reason: RefreshReason): void {
    if (known?.grant.state !== 'active' || known.grant.tokenSet?.refreshToken === undefined) return
    if (inFlight !== undefined || unsaved !== undefined) return
    if (isWithin(backgroundPauseSeconds, lastBackgroundAtEpochSeconds)) return
    pauseBackground()
    // The current token is still good: whatever goes wrong is reported by events, and matters to a
    // caller only when the token has expired.
    run(reason, undefined, true).result.catch(() => undefined)
  }

  /** A clock that was set back does not prolong a pause. */
  function isWithin(pauseSeconds: number, sinceEpochSeconds: number): boolean {
    const elapsedSeconds = clock.nowEpochSeconds() - sinceEpochSeconds
    return elapsedSeconds >= 0 && elapsedSeconds < pauseSeconds
  }

  function pauseBackground(): void {
    lastBackgroundAtEpochSeconds = clock.nowEpochSeconds()
  }

  async function obtain(rejectedAccessToken: string | undefined): Promise<AccessToken> {
    // A refresh already under way may have begun before this caller's token was rejected, and end
    // with that very token, or it may lack this caller's patience: then one more is needed.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const work = inFlight ?? run(reasonFor(rejectedAccessToken), rejectedAccessToken, false)
      const stored = await (work.inBackground ? work.result.catch(() => undefined) : work.result)
      const tokenSet = stored?.grant.tokenSet
      if (tokenSet === undefined || tokenSet.accessToken === rejectedAccessToken) continue
      if (actionFor(tokenSet) !== 'expired' || attempt > 0) return accessTokenOf(tokenSet)
    }
    throw new EvergrantClientError(
      'RESOURCE_REFUSED',
      'The resource rejects the access token, and the authorization server keeps returning the same one. Check that the resource and the authorization server agree on issuer, audience and clock.',
    )
  }

  function reasonFor(rejectedAccessToken: string | undefined): RefreshReason {
    return rejectedAccessToken === undefined ? 'expired' : 'rejected'
  }

  /** One refresh at a time in this process. It belongs to the manager, not to who asked first. */
  function run(
    reason: RefreshReason,
    rejectedAccessToken: string | undefined,
    inBackground: boolean,
  ): Work {
    const patience = inBackground ? 0 : maximumWaitSeconds
    const result = settle(reason, rejectedAccessToken, patience).finally(() => {
      inFlight = undefined
      // Else one attempt would follow the other for as long as a suspended process holds the lock.
      if (inBackground) pauseBackground()
      // Somebody is refreshing, or crashed while doing so: the lock will tell which.
      if (known?.grant.pending !== undefined) refreshInBackground('recovery')
    })
    inFlight = { result, inBackground }
    return inFlight
  }

  async function settle(
    reason: RefreshReason,
    rejectedAccessToken: string | undefined,
    patience: number,
  ): Promise<StoredGrant> {
    let waitingFromEpochSeconds = clock.nowEpochSeconds()
    for (;;) {
      if (unsaved !== undefined) settleUnsaved(unsaved, await unsaved.save())
      if (unsaved === undefined) {
        const stored = await fromStore(reason, rejectedAccessToken)
        if (stored !== undefined) return stored
      }
      const outcome: RefreshOutcome =
        unsaved === undefined
          ? (refusedLately() ?? (await refreshGrant(context, { reason, rejectedAccessToken })))
          : { kind: 'unsaved', tokens: unsaved }
      take(outcome)
      if (outcome.kind === 'refreshed' || outcome.kind === 'adopted') return outcome.stored
      const serving = stillServing(rejectedAccessToken)
      if (serving !== undefined) return serving
      if (outcome.kind === 'unsaved') throw outcome.tokens.cause
      if (outcome.kind !== 'not-now') throw signInRequired(outcome)
      const pauseSeconds = Math.max(
        outcome.retryAfterSeconds ?? 0,
        shortestPauseMilliseconds / 1000,
      )
      const now = clock.nowEpochSeconds()
      // A clock that was set back makes nobody wait for as long as it was set back by.
      waitingFromEpochSeconds = Math.min(waitingFromEpochSeconds, now)
      if (now + pauseSeconds > waitingFromEpochSeconds + patience) throw notNow(outcome)
      await clock.sleep(pauseSeconds * 1000)
    }
  }

  /** What the store holds, where that is an answer without taking the lock. */
  async function fromStore(
    reason: RefreshReason,
    rejectedAccessToken: string | undefined,
  ): Promise<StoredGrant | undefined> {
    if (reason === 'requested' || reason === 'recovery') return undefined
    const stored = await repository.read()
    if (stored?.grant.state !== 'active' || stored.grant.tokenSet === undefined) return undefined
    const { tokenSet } = stored.grant
    if (tokenSet.accessToken === rejectedAccessToken) return undefined
    const action = actionFor(tokenSet)
    if (action === 'expired') return undefined
    // A refresh ahead of expiry is what was asked for here, so a merely good token is no answer.
    if (reason === 'ahead-of-expiry' && action === 'refresh-in-background') return undefined
    if (known !== undefined && known.grant.tokenSet?.accessToken !== tokenSet.accessToken) {
      observe({ ...about, type: 'refresh-adopted', reason })
    }
    known = stored
    return stored
  }

  function take(outcome: RefreshOutcome): void {
    if (outcome.kind !== 'refused') refused = undefined
    else if (outcome !== refused?.outcome) refused = { outcome, at: clock.nowEpochSeconds() }
    if (outcome.kind === 'unsaved') keepUnsaved(outcome.tokens)
    else if ('stored' in outcome) known = outcome.stored ?? known
    else known = undefined
  }

  /** A refusal of moments ago, while what was refused is still what would be sent. */
  function refusedLately(): Extract<RefreshOutcome, { kind: 'refused' }> | undefined {
    if (refused === undefined) return undefined
    const sent = refused.outcome.stored.grant.tokenSet?.refreshToken
    return isWithin(refusedPauseSeconds, refused.at) && known?.grant.tokenSet?.refreshToken === sent
      ? refused.outcome
      : undefined
  }

  /** The last access token can outlive its grant: it serves until it expires or is rejected. */
  function stillServing(rejectedAccessToken: string | undefined): StoredGrant | undefined {
    const tokenSet = known?.grant.tokenSet
    if (tokenSet === undefined || tokenSet.accessToken === rejectedAccessToken) return undefined
    return actionFor(tokenSet) === 'expired' ? undefined : known
  }

  /** Saves in the background: nobody may come to ask again before the lock is lost. */
  function keepUnsaved(tokens: UnsavedTokens): void {
    if (unsaved === tokens) return
    unsaved = tokens
    tokens
      .keepTrying()
      .then((outcome) => outcome && settleUnsaved(tokens, outcome))
      // Damage to the record meets the next caller just the same.
      .catch(() => undefined)
  }

  function settleUnsaved(tokens: UnsavedTokens, outcome: SaveOutcome): void {
    if (unsaved !== tokens || outcome.kind === 'unsaved') return
    unsaved = undefined
    known = outcome.kind === 'signed-out' ? undefined : outcome.stored
  }

  function takeUnsaved(): UnsavedTokens | undefined {
    const tokens = unsaved
    unsaved = undefined
    return tokens
  }

  async function adopt(signedIn: SignedInGrant): Promise<void> {
    const grant: Grant = {
      identity,
      state: 'active',
      tokenSet: signedIn.tokenSet,
      ...(signedIn.requestedScope === undefined ? {} : { requestedScope: signedIn.requestedScope }),
      ...(signedIn.dpopKey === undefined ? {} : { dpopKey: signedIn.dpopKey }),
    }
    known = await persistently(clock, () => overwrite(grant))
    await takeUnsaved()?.abandon()
    observe({
      ...about,
      type: 'signed-in',
      refreshToken: signedIn.tokenSet.refreshToken === undefined ? 'not-issued' : 'issued',
    })
  }

  async function overwrite(grant: Grant): Promise<StoredGrant> {
    for (;;) {
      const current = await repository.read().catch((error: unknown) => {
        // A damaged record was set aside by this very read; a person has just signed in anew.
        if (EvergrantClientError.is(error) && error.code === 'RECORD_UNREADABLE') {
          return repository.read()
        }
        throw error
      })
      const written = await repository.write(grant, current?.generation ?? 0)
      if (written !== undefined) return written
    }
  }

  async function forget(): Promise<Grant | undefined> {
    for (;;) {
      const current = await repository.read()
      if (current === undefined) return undefined
      const { grant } = current
      if (grant.state === 'signed-out') return undefined
      // The generation lives on, so that a slower writer elsewhere cannot bring the grant back.
      const written = await repository.write({ identity, state: 'signed-out' }, current.generation)
      if (written === undefined) continue
      known = undefined
      const tokens = takeUnsaved()
      if (tokens !== undefined) {
        await context.discard?.(tokens.grant)
        await tokens.abandon()
      }
      return grant
    }
  }
}

/** Frozen, since many callers get the same one. */
function accessTokenOf(tokenSet: TokenSet): AccessToken {
  return Object.freeze({
    value: tokenSet.accessToken,
    tokenType: tokenSet.tokenType,
    scope: tokenSet.scope,
    expiresAtEpochSeconds: tokenSet.expiresAtEpochSeconds,
  })
}
