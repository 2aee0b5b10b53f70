/** The answer of the token endpoint to one refresh. */
export interface RefreshTrial {
  /** `no-answer`: also of a server that fails or limits the rate, which says nothing about the token. */
  readonly outcome: 'tokens' | 'refused' | 'no-answer'
  readonly status?: number
  /** RFC 6749 §5.2 `error`. */
  readonly error?: string
  /** What the error means, as `classifyTokenError` of `@evergrant/core` decides it. */
  readonly meaning?: string
  /** What happened to the refresh token. */
  readonly refreshToken?: 'new' | 'same' | 'none'
  readonly scope?: string
  readonly audience?: readonly string[]
}

/** What an access token is, as far as it can be read. */
export interface AccessTokenFacts {
  readonly format: 'jwt' | 'opaque'
  readonly type: 'Bearer' | 'DPoP'
  readonly expiresInSeconds?: number
  readonly scope?: string
  readonly audience?: readonly string[]
  readonly issuer?: string
  /** The header `typ`. */
  readonly typ?: string
  /** The answer of the MCP server to it. */
  readonly mcpServerStatus?: number
}

/** How long something held. `isAtLeast`: the measurement ended before it did. */
export interface MeasuredTime {
  readonly seconds: number
  readonly isAtLeast: boolean
}

/** How a superseded refresh token is treated. Measured on a grant of its own. */
export interface ReuseFacts {
  /** How long it was honored; 0: it was refused at once. */
  readonly grace: MeasuredTime
  /** What it led to within the grace. */
  readonly withinGrace?: 'same-successor' | 'another-token' | 'no-token'
  /** What happened afterwards; absent if the grace did not end in time, or the server failed. */
  readonly afterGrace?: 'grant-ended' | 'refused'
}

/** What a revocation led to. */
export interface RevocationFacts {
  readonly outcome: 'not-offered' | 'revoked' | 'ineffective' | 'refused'
  readonly status?: number
  /** From the answer to the revocation until the refresh token was refused. */
  readonly refreshTokenLatency?: MeasuredTime
  /** The refusal of the revoked refresh token. */
  readonly deadToken?: RefreshTrial
  /** Until the MCP server refused the access token. */
  readonly accessTokenLatency?: MeasuredTime
}

/** What a real sign-in showed. Plain data without tokens. */
export interface Measurement {
  readonly issuer: string
  readonly isPublicClient: boolean
  readonly registration: 'pre-registered' | 'client-id-metadata-document' | 'dynamic'
  /** Whether the authorization response had the right `iss`. */
  readonly iss: 'sent' | 'absent' | 'wrong'
  readonly requestedScope?: string
  readonly accessToken: AccessTokenFacts
  readonly refreshToken: 'issued' | 'not-issued'
  readonly noRefreshTokenReason?: string
  /** Members of the token response that announce an end, in seconds. */
  readonly announced: Readonly<Record<string, number>>
  /** Absent without a refresh token. */
  readonly refresh?: {
    readonly rotation: 'rotates' | 'same-token' | 'no-token' | 'unknown'
    /** How long a new refresh token is given back instead of being exchanged. */
    readonly overlap?: MeasuredTime
    readonly plain: RefreshTrial
    readonly withResource: RefreshTrial
    readonly withScope: RefreshTrial
    /** With a part of the granted scope; absent if there is only one scope token. */
    readonly narrowed?: RefreshTrial
    /** A refresh without `scope` after the narrowed one. */
    readonly afterNarrowing?: RefreshTrial
  }
  readonly invalidToken: RefreshTrial
  readonly reuse?: ReuseFacts
  readonly revocation: RevocationFacts
  /** What the measurement created, and whether it was removed. */
  readonly cleanUp: {
    readonly grants: number
    readonly revoked: number
    /** The client that was registered for the measurement. */
    readonly client: 'deleted' | 'left' | 'none'
  }
}
