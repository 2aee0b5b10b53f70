import type { Measurement } from './measurement.ts'

/** Why an exchange took place. */
export type Purpose =
  /** A request to the MCP server without a token. */
  | 'unauthenticated-request'
  /** A GET of the same URL, because the POST was refused: older servers use it for their stream. */
  | 'stream-request'
  /** A request for the list of tools, because the first request needed no token. */
  | 'unauthenticated-tools-list'
  /** A request to the MCP server with a token that no server issued. */
  | 'invalid-token-request'
  /** The end of a session that the requests without a token opened. */
  | 'end-of-session'
  | 'resource-metadata'
  | 'server-metadata'
  | 'key-set'
  /** A preflight request of a page at another origin. */
  | 'preflight'
  /** A request with the `Origin` header of such a page. */
  | 'cross-origin-request'
  /** A step of the sign-in that `--sign-in` measures. */
  | 'sign-in'

/** Where a metadata document was searched, as `@evergrant/core` names the locations. */
export type MetadataPlace = 'challenge' | 'path' | 'root' | 'path-insertion' | 'path-appending'

/** An answer as it was received, with the headers that matter and a bounded body. */
export interface RecordedAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether the body was cut off at the limit. */
  readonly isTruncated: boolean
}

/** Why a request got no answer. */
export interface RecordedFailure {
  readonly reason: 'unreachable' | 'timeout' | 'refused-here' | 'tls'
  /** The error code of the system, such as `ENOTFOUND`. */
  readonly code?: string
  readonly message: string
}

/** One request and its answer. */
export interface Exchange {
  readonly purpose: Purpose
  readonly place?: MetadataPlace
  /** The authorization server that the exchange is about. */
  readonly issuer?: string
  /** What happened in words, for the steps of a sign-in. */
  readonly note?: string
  readonly method: string
  readonly url: string
  readonly requestHeaders: Readonly<Record<string, string>>
  /** When it started, in milliseconds after the first request. */
  readonly startMilliseconds: number
  readonly durationMilliseconds: number
  readonly answer?: RecordedAnswer
  readonly failure?: RecordedFailure
}

/** What is known about the certificate of a server. */
export interface CertificateFacts {
  readonly host: string
  /** The negotiated version, such as `TLSv1.3`. */
  readonly protocol: string
  readonly validUntilEpochSeconds: number
  readonly validFromEpochSeconds?: number
}

/**
 * Everything that was observed at a deployment. Plain data: the rules, the forecast and the verdicts
 * are computed from it, and a recording contains nothing else.
 */
export interface Observations {
  readonly version: 1
  readonly serverUrl: string
  /** The authorization server that the user named instead of the ones of the MCP server. */
  readonly chosenIssuer?: string
  readonly observedAtEpochSeconds: number
  /** The origin of the page that the cross-origin requests claim to come from. */
  readonly pageOrigin: string
  readonly exchanges: readonly Exchange[]
  readonly certificates: readonly CertificateFacts[]
  /** What a real sign-in showed, if there was one. */
  readonly measurement?: Measurement
}
