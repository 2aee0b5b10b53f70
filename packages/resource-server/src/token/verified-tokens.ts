import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'
import { deepFreeze } from '../lib/deep-freeze.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { KeySetVersion } from './key-cache.ts'
import type { IssuerKeys } from './keys.ts'
import { createBearerIndex } from './bearer-index.ts'
import { RememberedToken } from './remembered-token.ts'
import type {
  TokenRefusal,
  TokenVerdict,
  VerifiedAccessToken,
  Verification,
  VerifyToken,
} from './verification.ts'

/** Limits of the memory for verified tokens. */
export interface TokenMemoryLimits {
  /** 0 if every request verifies its token. */
  readonly maximumTokens: number
  readonly maximumBytes: number
  /** How long a verdict is used, even if the token is valid for longer. */
  readonly maximumAgeSeconds: number
}

/** Verifies tokens, and remembers the verdicts. */
export interface VerifiedTokens {
  /**
   * Returns a bearer token that is remembered as valid, if nothing about it has to be checked again.
   *
   * @param authorization - The value of the `Authorization` header. Only the usual spelling, `Bearer <token>`, is
   *   found.
   */
  recall(authorization: string): VerifiedAccessToken | undefined
  /** Returns a remembered verdict at once, otherwise a promise, which does not reject. */
  verify(token: string): MaybePromise<TokenVerdict>
}

/** One object with whole numbers, because each further object that a request reads costs time. */
interface Remembered {
  /** `Bearer ` and the token, whatever scheme the token needs. */
  readonly authorization: string
  readonly fromEpochSeconds: number
  readonly untilEpochSeconds: number
  /** The keys that the verdict rests on. */
  readonly keySet: KeySetVersion | undefined
  /** When its place in the order of use was last updated. */
  usedAtEpochSeconds: number
  /** What was verified, if the token was accepted. */
  readonly accepted: RememberedToken | undefined
  /** Why it was refused, otherwise. */
  readonly refusal: TokenRefusal | undefined
  readonly keySource: IssuerKeys | undefined
}

const usualScheme = 'Bearer '
/** What an entry takes besides the token and its claims: places in the cache, objects. */
const bytesPerEntry = 300
/** Claims take about twice as many bytes as their text. Those of a JWT are about as long as the token. */
const bytesPerClaimCharacter = 2
/** Refused tokens come from unknown senders. They have a small memory, and displace no valid token. */
const maximumRefusedTokens = 1000
const maximumRefusedBytes = 1_048_576
/** Long tokens are found by their last characters, because hashing all of them costs more than the rest. */
const keyLength = 48
/** How exact the order of use is. Updating it costs more than the look-up. */
const orderSeconds = 1

/**
 * Remembers verdicts as long as they hold. Concurrent requests with one token share one verification.
 *
 * A token is found by the last characters of its signature, then compared as a whole, so no other token can
 * use its verdict. Only a sender who already knows these characters gets as far as the comparison, so its
 * time reveals nothing.
 *
 * @param verify - Verifies a token that is not remembered.
 */
export function rememberVerifiedTokens(
  verify: VerifyToken,
  limits: TokenMemoryLimits,
  clock: Clock,
): VerifiedTokens {
  if (limits.maximumTokens === 0) {
    return {
      recall: () => undefined,
      verify: async (token) => deepFreeze((await verify(token)).verdict),
    }
  }
  // Bearer JWTs again. The cache costs more than the rest of the way to a remembered token.
  const index = createBearerIndex<Remembered>()
  const accepted = new LRUCache<string, Remembered>({
    max: limits.maximumTokens,
    maxSize: limits.maximumBytes,
    dispose: (remembered) => index.remove(remembered),
  })
  const refusals = new LRUCache<string, Remembered>({
    max: maximumRefusedTokens,
    maxSize: maximumRefusedBytes,
  })
  const pending = new Map<string, Promise<TokenVerdict>>()

  function find(token: string, now: number): Remembered | undefined {
    const key = keyOf(token)
    const remembered = accepted.peek(key) ?? refusals.peek(key)
    if (remembered === undefined || tokenOf(remembered) !== token) return undefined
    if (!holds(remembered, now)) {
      forget(key)
      return undefined
    }
    noteUse(remembered, now)
    return remembered
  }

  function noteUse(remembered: Remembered, now: number): void {
    if (now - remembered.usedAtEpochSeconds < orderSeconds) return
    remembered.usedAtEpochSeconds = Math.floor(now)
    accepted.get(keyOf(tokenOf(remembered)))
  }

  function forget(key: string): void {
    accepted.delete(key)
    refusals.delete(key)
  }

  /** Returns the verdict for this request. */
  function remember(token: string, verification: Verification): TokenVerdict {
    const { verdict, validity, claimsLength = token.length } = verification
    if (validity === undefined || verdict.valid === undefined) return deepFreeze(verdict)
    const now = clock.nowEpochSeconds()
    const remembered = {
      authorization: `${usualScheme}${token}`,
      // A clock that was set back must not extend the maximum age.
      fromEpochSeconds: Math.ceil(Math.max(validity.fromEpochSeconds, Math.floor(now))),
      untilEpochSeconds: Math.floor(
        Math.min(validity.untilEpochSeconds, now + limits.maximumAgeSeconds),
      ),
      keySet: validity.keys?.keySet,
      usedAtEpochSeconds: Math.floor(now),
      accepted: verdict.valid ? new RememberedToken(verdict.token) : undefined,
      refusal: verdict.valid ? undefined : verdict.reason,
      keySource: validity.keys?.source,
    }
    // A part of this text, because a part of `token` would keep the header of the request in memory.
    const key = keyOf(tokenOf(remembered))
    const size = bytesPerEntry + token.length
    if (remembered.accepted === undefined) {
      refusals.set(key, remembered, { size })
    } else {
      accepted.set(key, remembered, { size: size + bytesPerClaimCharacter * claimsLength })
      const isBearer = remembered.accepted.keyThumbprint === undefined
      // Only a JWT ends with a signature. The cache does not take what is larger than all of it.
      if (isBearer && remembered.keySet !== undefined && accepted.peek(key) === remembered) {
        index.add(remembered)
      }
    }
    return verdictOf(remembered)
  }

  function verifyOnce(token: string): Promise<TokenVerdict> {
    const running = pending.get(token)
    if (running !== undefined) return running
    const started = verifyAndRemember(token)
    pending.set(token, started)
    return started
  }

  async function verifyAndRemember(token: string): Promise<TokenVerdict> {
    try {
      return remember(token, await verify(token))
    } finally {
      pending.delete(token)
    }
  }

  /** The keys are due: a verdict holds if the next fetch contains the same ones. */
  async function verifyWithCurrentKeys(remembered: Remembered): Promise<TokenVerdict> {
    const { keySource, keySet } = remembered
    try {
      const isUnchanged = (await keySource?.currentKeySet()) === keySet
      // The token may have expired while the keys were fetched.
      if (isUnchanged && holds(remembered, clock.nowEpochSeconds())) return verdictOf(remembered)
    } catch {
      // The verification below says why.
    }
    const token = tokenOf(remembered)
    forget(keyOf(token))
    return await verifyOnce(token)
  }

  return {
    recall(authorization) {
      const remembered = index.find(authorization)
      if (remembered === undefined) return undefined
      const now = clock.nowEpochSeconds()
      if (!holds(remembered, now) || !isFresh(remembered.keySet, now)) return undefined
      noteUse(remembered, now)
      return remembered.accepted
    },
    verify(token) {
      const now = clock.nowEpochSeconds()
      const remembered = find(token, now)
      if (remembered === undefined) return verifyOnce(token)
      const { keySource, keySet } = remembered
      if (isFresh(keySet, now) || keySource?.keySetInUse(now) === keySet) {
        return verdictOf(remembered)
      }
      return verifyWithCurrentKeys(remembered)
    },
  }
}

function tokenOf({ authorization }: Remembered): string {
  return authorization.slice(usualScheme.length)
}

function verdictOf({ accepted, refusal = 'token-inactive' }: Remembered): TokenVerdict {
  return accepted === undefined
    ? { valid: false, reason: refusal }
    : { valid: true, token: accepted }
}

/** A verdict without keys is as fresh as its entry. */
function isFresh(keySet: KeySetVersion | undefined, now: number): boolean {
  if (keySet === undefined) return true
  return now >= keySet.freshFromEpochSeconds && now < keySet.freshUntilEpochSeconds
}

function holds({ fromEpochSeconds, untilEpochSeconds }: Remembered, now: number): boolean {
  return now >= fromEpochSeconds && now < untilEpochSeconds
}

/** A short token may consist of a constant and a random part, in any order, so all of it is the key. */
function keyOf(token: string): string {
  return token.length <= 2 * keyLength ? token : token.slice(-keyLength)
}
