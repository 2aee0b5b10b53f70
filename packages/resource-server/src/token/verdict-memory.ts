import { limitedCache } from '../lib/limited-cache.ts'
import { createBearerIndex } from './bearer-index.ts'
import type { KeySetVersion } from './key-cache.ts'
import type { IssuerKeys } from './keys.ts'
import { RememberedToken } from './remembered-token.ts'
import type { TokenRefusal, TokenVerdict, VerdictValidity, Verification } from './verification.ts'

/** Limits of the memory for verified tokens. */
export interface TokenMemoryLimits {
  /** 0 if every request verifies its token. */
  readonly maximumTokens: number
  readonly maximumBytes: number
  /** How long a verdict is used, even if the token is valid for longer. */
  readonly maximumAgeSeconds: number
}

/**
 * A verdict. One object with whole numbers, because each further object that a request reads costs time. What a
 * request reads comes first, so that it is together in memory.
 */
export interface RememberedVerdict {
  /** `Bearer ` and the token, whatever scheme the token needs. */
  readonly authorization: string
  /** What was verified, if the token was accepted. */
  readonly accepted: RememberedToken | undefined
  readonly fromEpochSeconds: number
  readonly untilEpochSeconds: number
  /** The keys that the verdict rests on. */
  readonly keySet: KeySetVersion | undefined
  /** For the cache. */
  wasUsed: boolean
  /** What it takes in the memory. */
  readonly bytes: number
  /** Why the token was refused, otherwise. */
  readonly refusal: TokenRefusal | undefined
  readonly keySource: IssuerKeys | undefined
}

/** Remembers verdicts within limits. */
export interface VerdictMemory {
  /** Finds a verdict that holds. */
  find(token: string, nowEpochSeconds: number): RememberedVerdict | undefined
  /**
   * Finds a verdict that holds about a bearer JWT, faster than `find`. Does not always find what that finds.
   *
   * @param authorization - The value of the `Authorization` header, in its usual spelling.
   */
  findBearer(authorization: string, nowEpochSeconds: number): RememberedVerdict | undefined
  add(token: string, verification: LastingVerification, nowEpochSeconds: number): RememberedVerdict
  forget(token: string): void
}

/** A verification whose verdict holds for other requests, too. */
export interface LastingVerification extends Verification {
  readonly verdict: Exclude<TokenVerdict, { readonly valid: undefined }>
  readonly validity: VerdictValidity
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

/**
 * Creates the memory.
 *
 * A token is found by the last characters of its signature, then compared as a whole, so no other token can
 * use its verdict. Only a sender who already knows these characters gets as far as the comparison, so its
 * time reveals nothing.
 */
export function createVerdictMemory(limits: TokenMemoryLimits): VerdictMemory {
  // Bearer JWTs again. The cache costs more than the rest of the way to a remembered token.
  const index = createBearerIndex<RememberedVerdict>()
  const accepted = limitedCache<RememberedVerdict>(
    { maximumEntries: limits.maximumTokens, maximumBytes: limits.maximumBytes },
    (remembered) => index.remove(remembered),
  )
  const refusals = limitedCache<RememberedVerdict>({
    maximumEntries: maximumRefusedTokens,
    maximumBytes: maximumRefusedBytes,
  })

  function isUsable(remembered: RememberedVerdict, now: number): boolean {
    const isValid = holds(remembered, now)
    // Written once only: an entry that changes has to be written back from the caches of the processor.
    if (isValid && !remembered.wasUsed) remembered.wasUsed = true
    return isValid
  }

  function forget(token: string): void {
    const key = keyOf(token)
    accepted.remove(key)
    refusals.remove(key)
  }

  return {
    find(token, now) {
      const key = keyOf(token)
      const remembered = accepted.find(key) ?? refusals.find(key)
      if (remembered === undefined || tokenOf(remembered) !== token) return undefined
      if (isUsable(remembered, now)) return remembered
      forget(token)
      return undefined
    },
    findBearer(authorization, now) {
      const remembered = index.find(authorization)
      return remembered !== undefined && isUsable(remembered, now) ? remembered : undefined
    },
    add(token, { verdict, validity, claimsLength = token.length }, now) {
      const claimsBytes = verdict.valid ? bytesPerClaimCharacter * claimsLength : 0
      const remembered = {
        authorization: `${usualScheme}${token}`,
        accepted: verdict.valid ? new RememberedToken(verdict.token) : undefined,
        // A clock that was set back must not extend the maximum age.
        fromEpochSeconds: Math.ceil(Math.max(validity.fromEpochSeconds, Math.floor(now))),
        untilEpochSeconds: Math.floor(
          Math.min(validity.untilEpochSeconds, now + limits.maximumAgeSeconds),
        ),
        keySet: validity.keys?.keySet,
        wasUsed: false,
        bytes: bytesPerEntry + token.length + claimsBytes,
        refusal: verdict.valid ? undefined : verdict.reason,
        keySource: validity.keys?.source,
      }
      // A part of this text, because a part of `token` would keep the header of the request in memory.
      const key = keyOf(tokenOf(remembered))
      if (remembered.accepted === undefined) {
        refusals.add(key, remembered)
        return remembered
      }
      const isAdded = accepted.add(key, remembered)
      const isBearer = remembered.accepted.keyThumbprint === undefined
      // Only a JWT ends with a signature.
      if (isAdded && isBearer && remembered.keySet !== undefined) index.add(remembered)
      return remembered
    },
    forget,
  }
}

/** The token that a verdict is about. */
export function tokenOf({ authorization }: RememberedVerdict): string {
  return authorization.slice(usualScheme.length)
}

/** Whether the clock is in the interval of a verdict. */
export function holds(
  { fromEpochSeconds, untilEpochSeconds }: RememberedVerdict,
  now: number,
): boolean {
  return now >= fromEpochSeconds && now < untilEpochSeconds
}

/**
 * What a token is found by, before it is compared as a whole. A short token may consist of a constant and a random
 * part, in any order, so all of it is the key.
 */
export function keyOf(token: string): string {
  return token.length <= 2 * keyLength ? token : token.slice(-keyLength)
}
