import type { ServerRules } from './server-rules.ts'

/** A grant of the server: from a sign-in to its end. */
export interface Grant {
  readonly number: number
  readonly startSeconds: number
  endSeconds: number | undefined
}

/** A refresh token. The object is the token: presenting it is presenting the value. */
export interface RefreshToken {
  readonly grant: Grant
  readonly issuedSeconds: number
  superseded: { readonly atSeconds: number; readonly successor: RefreshToken } | undefined
}

/** Tokens as a client stores them. */
export interface Tokens {
  readonly grant: Grant
  readonly issuedAtEpochSeconds: number
  readonly expiresAtEpochSeconds: number
  readonly refreshToken: RefreshToken | undefined
}

/** What the server does with a presented refresh token. */
export type RefreshResult =
  | {
      readonly kind: 'tokens'
      readonly how: 'rotated' | 'kept' | 'replayed' | 'exchanged-again'
      readonly tokens: Tokens
    }
  | {
      readonly kind: 'refused'
      /** `reuse-detected`: this request ended the grant. */
      readonly because: 'expired' | 'grant-ended' | 'superseded' | 'reuse-detected'
    }

/** The authorization server of a simulation. It answers at once, one request after another. */
export interface AuthorizationServer {
  /** All grants, the first sign-in first. */
  readonly grants: readonly Grant[]
  /** The tokens of a new grant. It ends the previous one, whose tokens the client replaces. */
  signIn(nowSeconds: number, withRefreshToken: boolean): Tokens
  refresh(presented: RefreshToken, nowSeconds: number): RefreshResult
}

export function createAuthorizationServer(rules: ServerRules): AuthorizationServer {
  const grants: Grant[] = []

  function tokensFor(
    grant: Grant,
    nowSeconds: number,
    refreshToken: RefreshToken | undefined,
  ): Tokens {
    return {
      grant,
      issuedAtEpochSeconds: nowSeconds,
      expiresAtEpochSeconds: nowSeconds + rules.accessTokenSeconds,
      refreshToken,
    }
  }

  function mint(grant: Grant, nowSeconds: number): RefreshToken {
    return { grant, issuedSeconds: nowSeconds, superseded: undefined }
  }

  function successorOf(token: RefreshToken, nowSeconds: number): RefreshToken {
    const successor = mint(token.grant, nowSeconds)
    token.superseded ??= { atSeconds: nowSeconds, successor }
    return successor
  }

  function hasExpired({ grant, issuedSeconds }: RefreshToken, nowSeconds: number): boolean {
    const { idleSeconds = Number.POSITIVE_INFINITY, absoluteSeconds = Number.POSITIVE_INFINITY } =
      rules
    return (
      nowSeconds - issuedSeconds >= idleSeconds ||
      nowSeconds - grant.startSeconds >= absoluteSeconds
    )
  }

  return {
    grants,
    signIn(nowSeconds, withRefreshToken) {
      const previous = grants.at(-1)
      if (previous !== undefined) previous.endSeconds ??= nowSeconds
      const grant: Grant = {
        number: grants.length + 1,
        startSeconds: nowSeconds,
        endSeconds: undefined,
      }
      grants.push(grant)
      return tokensFor(grant, nowSeconds, withRefreshToken ? mint(grant, nowSeconds) : undefined)
    },
    refresh(presented, nowSeconds) {
      const { grant, superseded } = presented
      if (grant.endSeconds !== undefined) return { kind: 'refused', because: 'grant-ended' }
      if (hasExpired(presented, nowSeconds)) {
        grant.endSeconds = nowSeconds
        return { kind: 'refused', because: 'expired' }
      }
      const give = (
        how: Extract<RefreshResult, { kind: 'tokens' }>['how'],
        token: RefreshToken,
      ): RefreshResult => ({ kind: 'tokens', how, tokens: tokensFor(grant, nowSeconds, token) })
      if (rules.rotation === 'keeps') {
        // Using the token is what keeps it from becoming idle.
        return give('kept', { ...presented, issuedSeconds: nowSeconds })
      }
      if (superseded === undefined) return give('rotated', successorOf(presented, nowSeconds))
      if (rules.reuse === 'accepted') {
        return give('exchanged-again', successorOf(presented, nowSeconds))
      }
      const { successor, atSeconds } = superseded
      const isWithinGrace = rules.graceSeconds > 0 && nowSeconds - atSeconds <= rules.graceSeconds
      if (isWithinGrace && successor.superseded === undefined) return give('replayed', successor)
      if (rules.reuse === 'refused') return { kind: 'refused', because: 'superseded' }
      grant.endSeconds = nowSeconds
      return { kind: 'refused', because: 'reuse-detected' }
    },
  }
}
