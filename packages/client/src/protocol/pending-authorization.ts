/**
 * A sign-in that waits for its response: everything that the response requires, perhaps in another
 * process or on another machine. Plain data, and secret: it holds the PKCE verifier.
 */
export interface PendingAuthorization {
  readonly state: string
  readonly codeVerifier: string
  /** From validated metadata, recorded before the browser opens. `iss` is compared with it. */
  readonly issuer: string
  readonly resource: string
  readonly clientId: string
  readonly redirectUri: string
  /** The requested scope; `undefined` if the request had no `scope`. */
  readonly scope: string | undefined
  readonly createdAtEpochSeconds: number
  /** Whether the tokens are to be bound to a key. Default `false`. */
  readonly bindTokens?: boolean
}
