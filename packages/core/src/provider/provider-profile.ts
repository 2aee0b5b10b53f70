/**
 * What an authorization server product requires beyond the standards, as data. The page of each product
 * has the facts behind it, with their sources: https://github.com/evergrant/evergrant/tree/main/docs/providers
 *
 * A profile cannot disable PKCE, `state`, the issuer checks or TLS, and cannot request
 * `offline_access` from a server that does not list it. It can only request less, or add a parameter.
 */
export interface ProviderProfile {
  readonly id: string
  readonly name: string
  /** Issuers of the product. `*` matches letters, digits, `.`, `-` and `_`. */
  readonly issuers: readonly string[]
  /** `never`: do not send it, even if the server lists it. */
  readonly offlineAccess: 'where-listed' | 'never'
  /**
   * - `by-standard`: with `offline_access`, to OpenID Providers.
   * - `not-needed`: the product has other conditions for a refresh token.
   * - `with-refresh-token`: whenever the client wants a refresh token.
   */
  readonly promptConsent: 'by-standard' | 'not-needed' | 'with-refresh-token'
  /** `omit` if the server rejects requests with it. The resource server checks the audience. */
  readonly resourceParameter: 'send' | 'omit'
  /** Another parameter of the authorization request for the resource. */
  readonly resourceAlias: string | undefined
  /** Parameters of the authorization request if the client wants a refresh token. */
  readonly refreshTokenParameters: Readonly<Record<string, string>>
  /**
   * `granted` if a refresh request must repeat the scope: what was granted, with `offline_access` if
   * the client requested it, because servers often leave it out of the granted scope.
   */
  readonly refreshScope: 'omit' | 'granted'
  /** `known` if the product supports S256 and does not list it in its metadata. */
  readonly pkceS256: 'if-listed' | 'known'
  /** Whether the server rejects an authorization request without `scope`. */
  readonly requiresScope: boolean
  /** Error codes of the token endpoint with the meaning of `invalid_grant`. */
  readonly grantEndedErrors: readonly string[]
}

/** The standards only. Used for every server without a profile. */
export const standardProfile: ProviderProfile = {
  id: 'standard',
  name: 'Any authorization server',
  issuers: [],
  offlineAccess: 'where-listed',
  promptConsent: 'by-standard',
  resourceParameter: 'send',
  resourceAlias: undefined,
  refreshTokenParameters: {},
  refreshScope: 'omit',
  pkceS256: 'if-listed',
  requiresScope: false,
  grantEndedErrors: [],
}
