import type { AccessTokenRequest } from '../access-tokens.ts'
import type { Fault, Reply } from '../faults.ts'
import type { GrantView, RefreshTokenRules } from '../grants.ts'
import type { LoggedRequest } from '../request-log.ts'

export type AuthorizationServerEndpoint =
  | 'metadata'
  | 'jwks'
  | 'authorize'
  | 'device'
  | 'token'
  | 'register'
  | 'revoke'

/** The location of the metadata document (RFC 8414 §3.1, OpenID Connect Discovery §4). */
export type WellKnownForm = 'oauth' | 'openid-inserted' | 'openid-appended'

export interface ScriptedAuthorizationServerOptions extends Partial<RefreshTokenRules> {
  /** Default 0, any free port. */
  readonly port?: number
  /** Path of the issuer, such as `/tenant`. Default: none. */
  readonly issuerPath?: string
  /** Default: the clock of this machine. */
  readonly clock?: { nowEpochSeconds(): number }
  /** Default 3600. */
  readonly accessTokenLifetimeSeconds?: number
  /** `offline_access`: only if that scope was granted. Default `always`. */
  readonly issueRefreshTokens?: 'always' | 'offline_access' | 'never'
  /** Default `mcp:read mcp:write mcp:admin offline_access`. Other scopes are not granted. */
  readonly scopesSupported?: readonly string[]
  /** Granted if the request names no scope. Default: the first of `scopesSupported`. */
  readonly defaultScope?: string
  /** Default `['oauth']`. */
  readonly wellKnown?: readonly WellKnownForm[]
  /**
   * Pre-registered clients. A client without a secret is public. Without `redirectUris`, every
   * redirect URI is accepted.
   */
  readonly clients?: readonly {
    readonly clientId: string
    readonly clientSecret?: string
    readonly redirectUris?: readonly string[]
  }[]
  /** How the authorization endpoint answers a client that it does not know. Default 400 with JSON. */
  readonly unknownClientAnswer?:
    | Reply
    | { readonly redirectError: string; readonly description?: string }
  /**
   * Registers only the scope that a registration names, otherwise this default, and refuses every
   * other scope at the authorization endpoint with `invalid_scope`. Default: clients have no scope.
   */
  readonly registeredScope?: { readonly default: string; readonly isReturned: boolean }
  /**
   * Issues a secret to every client that registers, and requires it: anywhere, or only in the form.
   * Default: registered clients are public.
   */
  readonly registeredSecrets?: 'anywhere' | 'form-only'
  /**
   * Declares the device grant. `approveDevice` and `declineDevice` are the page. Default: not supported.
   */
  readonly deviceGrant?: { readonly intervalSeconds?: number; readonly lifetimeSeconds?: number }
  /** Advertises Client ID Metadata Documents, and accepts any URL as `client_id` without a fetch. */
  readonly clientIdMetadataDocuments?: boolean
}

export interface IssuedTokens {
  readonly grantId: string
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly expiresInSeconds: number
}

/** A real OAuth authorization server with scripted faults. */
export interface ScriptedAuthorizationServer extends AsyncDisposable {
  readonly issuer: string
  readonly port: number
  readonly jwksUri: string
  readonly tokenEndpoint: string
  /** Queues of faults. Each request takes the first one of its endpoint's queue. */
  readonly faults: Readonly<Record<AuthorizationServerEndpoint, Fault[]>>
  readonly requests: readonly LoggedRequest<AuthorizationServerEndpoint>[]
  /** How many requests reached an endpoint, counted on arrival, with this outcome if given. */
  count(endpoint: AuthorizationServerEndpoint, outcome?: string): number
  /** How many refresh requests arrived, regardless of their outcome. */
  refreshRequests(): number
  /** Overrides members of the metadata document; `undefined` removes one. Later calls add to it. */
  overrideMetadata(members: Readonly<Record<string, unknown>>): void
  grants(): readonly GrantView[]
  /** Default: the latest grant, here and below. */
  isGrantAlive(grantId?: string): boolean
  liveRefreshTokens(grantId?: string): readonly string[]
  revokeGrant(grantId?: string): void
  /** Makes the client unknown from now on: `invalid_client`. */
  forgetClient(clientId: string): void
  /** Replaces the client's secret. */
  rotateClientSecret(clientId: string, clientSecret: string): void
  /** The user approves the latest device code, or the one with this user code. */
  approveDevice(userCode?: string): void
  declineDevice(userCode?: string): void
  /** Moves the token endpoint to this path below the issuer. */
  moveTokenEndpoint(path: string): void
  /** Creates a grant without HTTP, for tests that start after the sign-in. */
  issueGrant(grant: {
    readonly clientId: string
    readonly scope: string
    readonly resource?: string
  }): Promise<IssuedTokens>
  /** Signs any access token. */
  signAccessToken(token: AccessTokenRequest): Promise<string>
  close(): Promise<void>
}
