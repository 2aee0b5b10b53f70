import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'
import { deepFreeze } from '../lib/deep-freeze.ts'
import { whenKnown } from '../lib/maybe-promise.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import { tokenDigest } from './token-digest.ts'
import type { TokenVerdict, VerdictValidity, Verification, VerifyToken } from './verification.ts'

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
  /** Returns a remembered verdict at once, otherwise a promise, which does not reject. */
  verify(token: string): MaybePromise<TokenVerdict>
}

interface Remembered {
  readonly verdict: TokenVerdict
  readonly validity: VerdictValidity
}

/** What an entry takes besides the claims of its token: digest, places in the cache, objects. */
const bytesPerEntry = 512
/** Text of claims that was parsed takes about twice as many bytes as the encoded token has characters. */
const bytesPerCharacter = 2
/** Refused tokens come from unknown senders. They have a small memory, and displace no valid token. */
const maximumRefusedTokens = 1000

/**
 * Remembers verdicts as long as they hold, keyed by the digest of the whole token. Concurrent requests with
 * one token share one verification.
 *
 * @param verify - Verifies a token that is not remembered.
 */
export function rememberVerifiedTokens(
  verify: VerifyToken,
  limits: TokenMemoryLimits,
  clock: Clock,
): VerifiedTokens {
  if (limits.maximumTokens === 0) {
    return { verify: async (token) => (await verify(token)).verdict }
  }
  const accepted = new LRUCache<string, Remembered>({
    max: limits.maximumTokens,
    maxSize: limits.maximumBytes,
  })
  const refusals = new LRUCache<string, Remembered>({ max: maximumRefusedTokens })
  const pending = new Map<string, Promise<TokenVerdict>>()

  function recall(digest: string): Remembered | undefined {
    const remembered = accepted.get(digest) ?? refusals.get(digest)
    if (remembered === undefined) return undefined
    const { fromEpochSeconds, untilEpochSeconds } = remembered.validity
    const now = clock.nowEpochSeconds()
    if (now >= fromEpochSeconds && now < untilEpochSeconds) return remembered
    forget(digest)
    return undefined
  }

  function forget(digest: string): void {
    accepted.delete(digest)
    refusals.delete(digest)
  }

  function remember(digest: string, length: number, { verdict, validity }: Verification): void {
    if (validity === undefined || verdict.valid === undefined) return
    const now = clock.nowEpochSeconds()
    const remembered = {
      // Shared by all requests with the token.
      verdict: deepFreeze(verdict),
      validity: {
        ...validity,
        // A clock that was set back must not extend the maximum age.
        fromEpochSeconds: Math.max(validity.fromEpochSeconds, Math.floor(now)),
        untilEpochSeconds: Math.min(validity.untilEpochSeconds, now + limits.maximumAgeSeconds),
      },
    }
    if (verdict.valid) {
      accepted.set(digest, remembered, { size: bytesPerEntry + bytesPerCharacter * length })
    } else {
      refusals.set(digest, remembered)
    }
  }

  function verifyOnce(digest: string, token: string): Promise<TokenVerdict> {
    const running = pending.get(digest)
    if (running !== undefined) return running
    const started = verifyAndRemember(digest, token)
    pending.set(digest, started)
    return started
  }

  async function verifyAndRemember(digest: string, token: string): Promise<TokenVerdict> {
    try {
      const verification = await verify(token)
      remember(digest, token.length, verification)
      return verification.verdict
    } finally {
      pending.delete(digest)
    }
  }

  /** The keys are due: a verdict holds if the next fetch contains the same ones. */
  async function verifyWithCurrentKeys(
    digest: string,
    token: string,
    { verdict, keys }: RememberedWithKeys,
  ): Promise<TokenVerdict> {
    try {
      if ((await keys.source.currentKeySet()) === keys.keySet) return verdict
    } catch {
      // The verification below says why.
    }
    forget(digest)
    return await verifyOnce(digest, token)
  }

  function verifyDigest(digest: string, token: string): MaybePromise<TokenVerdict> {
    const remembered = recall(digest)
    if (remembered === undefined) return verifyOnce(digest, token)
    const { verdict } = remembered
    const { keys } = remembered.validity
    if (keys === undefined || keys.source.keySetInUse() === keys.keySet) return verdict
    return verifyWithCurrentKeys(digest, token, { verdict, keys })
  }

  return {
    verify: (token) => whenKnown(tokenDigest(token), (digest) => verifyDigest(digest, token)),
  }
}

interface RememberedWithKeys {
  readonly verdict: TokenVerdict
  readonly keys: NonNullable<VerdictValidity['keys']>
}
