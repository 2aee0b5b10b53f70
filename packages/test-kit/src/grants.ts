import { randomBytes, randomUUID } from 'node:crypto'

/** How a scripted authorization server handles refresh tokens. */
export interface RefreshTokenRules {
  /**
   * `rotate`: every refresh returns a new token. `static`: one token for the whole grant, not
   * repeated in the response. `repeat`: the same, but repeated in the response.
   */
  readonly rotation: 'rotate' | 'static' | 'repeat'
  /** Whether reuse of a superseded token ends the whole grant, including its newest token. */
  readonly familyRevocation: boolean
  /** How long a superseded token still yields its successor, until that is used. */
  readonly graceSeconds: number
}

/** A grant as tests see it. */
export interface GrantView {
  readonly id: string
  readonly clientId: string
  readonly scope: string
  readonly resource: string | undefined
  readonly alive: boolean
}

interface NewGrant {
  readonly clientId: string
  readonly scope: string
  readonly resource: string | undefined
}

type RefreshOutcome =
  | {
      readonly kind: 'refreshed' | 'replayed'
      readonly grant: GrantView
      /** Sent in the response; `undefined` if the response has none. */
      readonly refreshToken: string | undefined
    }
  | { readonly kind: 'unknown' | 'ended' | 'other-client' | 'reused' | 'reused-and-revoked' }

interface RefreshToken {
  readonly value: string
  readonly grantId: string
  superseded: { readonly atEpochSeconds: number; readonly successor: RefreshToken } | undefined
}

export interface GrantStore {
  create(grant: NewGrant): GrantView
  all(): readonly GrantView[]
  get(grantId: string): GrantView | undefined
  /** Adds a first refresh token to a grant. */
  issueRefreshToken(grantId: string): string
  /** Refreshes synchronously, so that concurrent requests are served one after another. */
  refresh(refreshToken: string, clientId: string, nowEpochSeconds: number): RefreshOutcome
  /** Tokens that a refresh would accept as current. */
  liveRefreshTokens(grantId: string): readonly string[]
  /** The grant of a refresh token, superseded or not. */
  grantOf(refreshToken: string): GrantView | undefined
  revoke(grantId: string): void
}

/** Keeps grants in memory. Independent of the product's rules, so that it can test them. */
export function createGrantStore(rules: RefreshTokenRules): GrantStore {
  const grants = new Map<string, GrantView>()
  const tokens = new Map<string, RefreshToken>()

  function mint(grantId: string): RefreshToken {
    const value = `rt.${randomBytes(24).toString('base64url')}`
    const token: RefreshToken = { value, grantId, superseded: undefined }
    tokens.set(value, token)
    return token
  }

  function revoke(grantId: string): void {
    const grant = grants.get(grantId)
    if (grant !== undefined) grants.set(grantId, { ...grant, alive: false })
  }

  return {
    create(grant) {
      const created: GrantView = { id: randomUUID(), ...grant, alive: true }
      grants.set(created.id, created)
      return created
    },
    all: () => [...grants.values()],
    get: (grantId) => grants.get(grantId),
    issueRefreshToken: (grantId) => mint(grantId).value,
    refresh(refreshToken, clientId, nowEpochSeconds) {
      const token = tokens.get(refreshToken)
      const grant = token === undefined ? undefined : grants.get(token.grantId)
      if (token === undefined || grant === undefined) return { kind: 'unknown' }
      if (!grant.alive) return { kind: 'ended' }
      if (grant.clientId !== clientId) return { kind: 'other-client' }
      if (rules.rotation !== 'rotate') {
        const repeated = rules.rotation === 'repeat' ? token.value : undefined
        return { kind: 'refreshed', grant, refreshToken: repeated }
      }
      const { superseded } = token
      if (superseded === undefined) {
        const successor = mint(grant.id)
        token.superseded = { atEpochSeconds: nowEpochSeconds, successor }
        return { kind: 'refreshed', grant, refreshToken: successor.value }
      }
      const successorUnused = superseded.successor.superseded === undefined
      const ageSeconds = nowEpochSeconds - superseded.atEpochSeconds
      if (rules.graceSeconds > 0 && successorUnused && ageSeconds <= rules.graceSeconds) {
        return { kind: 'replayed', grant, refreshToken: superseded.successor.value }
      }
      if (!rules.familyRevocation) return { kind: 'reused' }
      revoke(grant.id)
      return { kind: 'reused-and-revoked' }
    },
    liveRefreshTokens(grantId) {
      if (grants.get(grantId)?.alive !== true) return []
      return [...tokens.values()]
        .filter((token) => token.grantId === grantId && token.superseded === undefined)
        .map((token) => token.value)
    },
    grantOf(refreshToken) {
      const token = tokens.get(refreshToken)
      return token === undefined ? undefined : grants.get(token.grantId)
    },
    revoke,
  }
}
