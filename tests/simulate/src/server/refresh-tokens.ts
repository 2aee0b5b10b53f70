import {
  createMemoryRefreshTokenStore,
  createRefreshTokenRotation,
} from '@evergrant/authorization-server'
import { emulateReuse } from '@evergrant/reference-as/emulation'
import { days } from '../time/units.ts'
import type { ProductRules, SignInLimits } from './product-rules.ts'

/** Why the server refused a refresh. */
export type Refusal =
  | 'unknown'
  /** The refresh token was not used for longer than the server allows. */
  | 'idle'
  /** The sign-in is older than the server allows. */
  | 'absolute'
  /** The refresh token was exchanged before, and the server does not accept it again. */
  | 'reused'

/** What a refresh leads to. */
export type Refreshed =
  | { readonly outcome: 'accepted'; readonly refreshToken: string }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }

/** The refresh tokens of one server. */
export interface RefreshTokens {
  /** The first refresh token of a sign-in. */
  issue(limits: SignInLimits): Promise<string>
  redeem(refreshToken: string): Promise<Refreshed>
}

interface Clock {
  nowEpochSeconds(): number
}

export function createRefreshTokens(rules: ProductRules, clock: Clock): RefreshTokens {
  return rules.rotates ? rotatingTokens(rules, clock) : lastingTokens(clock)
}

/** Longer than any month. The rotation counts in whole seconds. */
const unlimitedSeconds = days(3650)

/** The rotation of `@evergrant/authorization-server`, over the store with which the emulation works. */
function rotatingTokens(rules: ProductRules, clock: Clock): RefreshTokens {
  const { graceSeconds } = rules
  const store = createMemoryRefreshTokenStore<SignInLimits>()
  const shown = emulateReuse(store, rules.emulation.reuse)
  const successorKey = new Uint8Array(32)

  function rotationFor({ idleSeconds, absoluteSeconds }: SignInLimits) {
    const longest = Math.min(absoluteSeconds, unlimitedSeconds)
    return createRefreshTokenRotation(shown, {
      successorKey,
      clock,
      graceSeconds,
      overlapSeconds: 0,
      lifetimes: { absoluteSeconds: longest, idleSeconds: Math.min(idleSeconds, longest) },
    })
  }

  const rotations = new Map<SignInLimits, ReturnType<typeof rotationFor>>()
  /** The limits of each token, and when its sign-in was. */
  const known = new Map<string, { readonly limits: SignInLimits; readonly signedInAt: number }>()

  function rotation(limits: SignInLimits): ReturnType<typeof rotationFor> {
    const existing = rotations.get(limits) ?? rotationFor(limits)
    rotations.set(limits, existing)
    return existing
  }

  let families = 0
  return {
    async issue(limits) {
      families += 1
      const refreshToken = await rotation(limits).issue(`family-${families}`, limits)
      known.set(refreshToken, { limits, signedInAt: clock.nowEpochSeconds() })
      return refreshToken
    },
    async redeem(refreshToken) {
      const facts = known.get(refreshToken)
      if (facts === undefined) return { outcome: 'refused', refusal: 'unknown' }
      const result = await rotation(facts.limits).redeem(refreshToken)
      if (result.outcome === 'family-revoked') return { outcome: 'refused', refusal: 'reused' }
      if (result.outcome !== 'refused') {
        known.set(result.refreshToken, facts)
        return { outcome: 'accepted', refreshToken: result.refreshToken }
      }
      if (result.reason !== 'expired') return { outcome: 'refused', refusal: 'reused' }
      const age = clock.nowEpochSeconds() - facts.signedInAt
      const refusal = age >= facts.limits.absoluteSeconds ? 'absolute' : 'idle'
      return { outcome: 'refused', refusal }
    },
  }
}

/** One refresh token for the whole sign-in. Its use keeps it from becoming idle. */
function lastingTokens(clock: Clock): RefreshTokens {
  const tokens = new Map<string, { limits: SignInLimits; signedInAt: number; usedAt: number }>()
  return {
    async issue(limits) {
      const refreshToken = `lasting-${tokens.size + 1}`
      const now = clock.nowEpochSeconds()
      tokens.set(refreshToken, { limits, signedInAt: now, usedAt: now })
      return refreshToken
    },
    async redeem(refreshToken) {
      const token = tokens.get(refreshToken)
      if (token === undefined) return { outcome: 'refused', refusal: 'unknown' }
      const now = clock.nowEpochSeconds()
      const { limits, signedInAt, usedAt } = token
      if (now - signedInAt >= limits.absoluteSeconds) {
        return { outcome: 'refused', refusal: 'absolute' }
      }
      if (now - usedAt >= limits.idleSeconds) return { outcome: 'refused', refusal: 'idle' }
      token.usedAt = now
      return { outcome: 'accepted', refreshToken }
    },
  }
}
