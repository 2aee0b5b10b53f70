/** A deviation in a token response, and how it was handled. */
export interface TokenResponseWarning {
  readonly code:
    | 'token-type-absent'
    | 'expires-in-ignored'
    | 'expires-in-capped'
    | 'refresh-token-ignored'
    | 'scope-ignored'
    | 'grant-lifetime-ignored'
  /** In plain words, without a token. */
  readonly message: string
}
