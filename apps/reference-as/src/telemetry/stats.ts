import type { RefreshTokenEvent } from '@evergrant/authorization-server/oidc-provider'

/** What the server has done since it started. */
export interface AuthorizationServerStats {
  /**
   * Codes exchanged for tokens, those of devices included. A code that is not exchanged is no sign-in:
   * a client can ask whether the server accepts its request, and drop the answer.
   */
  readonly signIns: number
  /** Token requests by `grant_type`, then by outcome: `success` or the OAuth error code. */
  readonly tokenRequests: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly refreshTokens: {
    readonly issued: number
    readonly notIssued: number
    readonly rotated: number
    /** The same successor, given again within the grace. */
    readonly replayed: number
    /** The presented token, given back within the overlap. */
    readonly kept: number
    readonly reuseDetected: number
  }
}

/** Observes events that can be counted. */
export interface ServerEvents {
  signedIn(): void
  /** @param outcome - `success`, or the OAuth error code. */
  tokenRequest(grantType: string, outcome: string): void
  refreshTokenEvent(event: RefreshTokenEvent): void
}

export interface StatsCounter extends ServerEvents {
  read(): AuthorizationServerStats
}

/** Passes every event on to all `listeners`. */
export function toAll(listeners: readonly ServerEvents[]): ServerEvents {
  return {
    signedIn: () => listeners.forEach((one) => one.signedIn()),
    tokenRequest: (grantType, outcome) =>
      listeners.forEach((one) => one.tokenRequest(countedGrantType(grantType), outcome)),
    refreshTokenEvent: (event) => listeners.forEach((one) => one.refreshTokenEvent(event)),
  }
}

/** The client chooses the parameter. A key for every value would fill the memory. */
function countedGrantType(grantType: string): string {
  return grantType === 'authorization_code' || grantType === 'refresh_token' ? grantType : 'other'
}

export function createStats(): StatsCounter {
  const tokenRequests: Record<string, Record<string, number>> = {}
  const refreshTokens = {
    issued: 0,
    notIssued: 0,
    rotated: 0,
    replayed: 0,
    kept: 0,
    reuseDetected: 0,
  }
  let signIns = 0
  return {
    signedIn() {
      signIns += 1
    },
    tokenRequest(grantType, outcome) {
      const outcomes = (tokenRequests[grantType] ??= {})
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    },
    refreshTokenEvent(event) {
      if (event.type === 'issuance-decided') {
        refreshTokens[event.decision.issue ? 'issued' : 'notIssued'] += 1
      } else {
        refreshTokens[event.type === 'reuse-detected' ? 'reuseDetected' : event.type] += 1
      }
    },
    read() {
      return structuredClone({ signIns, tokenRequests, refreshTokens })
    },
  }
}
