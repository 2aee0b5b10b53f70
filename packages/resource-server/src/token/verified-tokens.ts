import type { Clock } from '../lib/clock.ts'
import { deepFreeze } from '../lib/deep-freeze.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { KeySetVersion } from './key-cache.ts'
import { createVerdictMemory, holds, keyOf, tokenOf } from './verdict-memory.ts'
import type { LastingVerification, RememberedVerdict, TokenMemoryLimits } from './verdict-memory.ts'
import type {
  TokenVerdict,
  VerifiedAccessToken,
  Verification,
  VerifyToken,
} from './verification.ts'

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

/**
 * Remembers verdicts as long as they hold. Concurrent requests with one token share one verification.
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
  const memory = createVerdictMemory(limits)
  const pending = new Map<string, PendingVerdict>()

  function verifyOnce(token: string): Promise<TokenVerdict> {
    const key = keyOf(token)
    const running = pending.get(key)
    if (running === undefined) {
      const verdict = verifyAndRemember(token, key)
      pending.set(key, { token, verdict })
      return verdict
    }
    // Another token with the same end is under way: a forged one, or the one that it was made from.
    return running.token === token ? running.verdict : verifyAndRemember(token, undefined)
  }

  async function verifyAndRemember(
    token: string,
    pendingKey: string | undefined,
  ): Promise<TokenVerdict> {
    try {
      const verification = await verify(token)
      if (!isLasting(verification)) return deepFreeze(verification.verdict)
      return verdictOf(memory.add(token, verification, clock.nowEpochSeconds()))
    } finally {
      if (pendingKey !== undefined) pending.delete(pendingKey)
    }
  }

  /** The keys are due: a verdict holds if the next fetch contains the same ones. */
  async function verifyWithCurrentKeys(remembered: RememberedVerdict): Promise<TokenVerdict> {
    const { keySource, keySet } = remembered
    try {
      const isUnchanged = (await keySource?.currentKeySet()) === keySet
      // The token may have expired while the keys were fetched.
      if (isUnchanged && holds(remembered, clock.nowEpochSeconds())) return verdictOf(remembered)
    } catch {
      // The verification below says why.
    }
    const token = tokenOf(remembered)
    memory.forget(token)
    return await verifyOnce(token)
  }

  return {
    recall(authorization) {
      const now = clock.nowEpochSeconds()
      const remembered = memory.findBearer(authorization, now)
      return remembered !== undefined && isFresh(remembered.keySet, now)
        ? remembered.accepted
        : undefined
    },
    verify(token) {
      const now = clock.nowEpochSeconds()
      const remembered = memory.find(token, now)
      if (remembered === undefined) return verifyOnce(token)
      const { keySource, keySet } = remembered
      if (isFresh(keySet, now) || keySource?.keySetInUse(now) === keySet) {
        return verdictOf(remembered)
      }
      return verifyWithCurrentKeys(remembered)
    },
  }
}

/** A verification that is under way. */
interface PendingVerdict {
  readonly token: string
  readonly verdict: Promise<TokenVerdict>
}

function isLasting(verification: Verification): verification is LastingVerification {
  return verification.validity !== undefined && verification.verdict.valid !== undefined
}

function verdictOf({ accepted, refusal = 'token-inactive' }: RememberedVerdict): TokenVerdict {
  return accepted === undefined
    ? { valid: false, reason: refusal }
    : { valid: true, token: accepted }
}

/** A verdict without keys is as fresh as its entry. */
function isFresh(keySet: KeySetVersion | undefined, now: number): boolean {
  if (keySet === undefined) return true
  return now >= keySet.freshFromEpochSeconds && now < keySet.freshUntilEpochSeconds
}
