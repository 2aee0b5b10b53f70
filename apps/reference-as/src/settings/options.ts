import type {
  ClientRiskRules,
  RefreshIssuancePreset,
  RiskAssessment,
} from '@evergrant/authorization-server'
import type { GuardedFetch } from '@evergrant/authorization-server/guarded-fetch'
import type { RiskFacts } from '@evergrant/authorization-server/oidc-provider'
import type { Meter } from '@opentelemetry/api'
import type { ClientMetadata } from 'oidc-provider'
import type { Log } from '../telemetry/log.ts'

/**
 * The options that can also be set as a flag, as an environment variable or in a file. The table in
 * `settings-table.ts` holds their checks, defaults and help texts.
 */
export interface ConfigurableOptions extends ClientRiskRules {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Port to listen on. Default 0: any free port. */
  readonly port?: number | undefined
  /** The issuer identifier, an origin without a path. Default: the address listened on. */
  readonly issuer?: string | undefined
  /**
   * How many proxies in front of the server add to X-Forwarded-For. Clients are rate-limited by the
   * entry at that position from the right. Default 0: by the address of the connection.
   */
  readonly trustedProxies?: number | undefined
  /**
   * A SQLite file, `:memory:`, or a `postgres://` connection string. Default: in memory in the demo,
   * otherwise the file `evergrant-as.sqlite` in the working directory.
   */
  readonly databasePath?: string | undefined
  /**
   * The name of a product to emulate, in its handling of refresh tokens and the requests around them.
   * Other options take precedence over the emulation.
   */
  readonly emulate?: string | undefined
  /** When refresh tokens are issued. Default `oidc`. */
  readonly preset?: RefreshIssuancePreset | undefined
  /** Signs every user in and approves automatically; accepts any loopback resource. Loopback only. */
  readonly demo?: boolean | undefined
  /** Default 300. */
  readonly accessTokenLifetimeSeconds?: number | undefined
  /** Absolute lifetime of a refresh-token family. Default 90 days. */
  readonly refreshTokenLifetimeSeconds?: number | undefined
  /** Lifetime of an unused refresh token. Default 14 days, or the family's if shorter. */
  readonly refreshTokenIdleSeconds?: number | undefined
  /**
   * How long a superseded refresh token is honored at most. Default a quarter of the lifetime of an
   * access token, between 30 and 300. `0` turns the grace off.
   */
  readonly graceSeconds?: number | undefined
  /**
   * How long both tokens of an exchange are good. Default 10, but at most half the lifetime of an
   * access token and never longer than the grace. `0` turns it off.
   */
  readonly overlapSeconds?: number | undefined
  /** Resource identifiers that tokens may be issued for. */
  readonly resources?: readonly string[] | undefined
  /** Scope tokens of those resources. Default `mcp:read`, `mcp:write`, `mcp:admin`. */
  readonly resourceScopes?: readonly string[] | undefined
  /** Scopes of an authorization request without `scope`. Default: the first resource scope. */
  readonly defaultScopes?: readonly string[] | undefined
  /** Descriptions of scopes for the consent page: `{ 'files:read': 'Read your files' }`. */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined
  /** Longest Client ID Metadata Document, in bytes, 1,024 to 65,536. Default 5,120. */
  readonly clientDocumentBytes?: number | undefined
  /**
   * IDs of public clients on the user's machine, for products without registration: both grants, and
   * redirect URIs `/callback` on loopback with any port.
   */
  readonly localClients?: readonly string[] | undefined
  /** Preregistered clients. */
  readonly clients?: readonly ClientMetadata[] | undefined
}

/** Options of {@link startAuthorizationServer}. */
export interface AuthorizationServerOptions extends ConfigurableOptions {
  /** Fetches metadata documents and key sets. Default: a fetch that refuses private addresses. */
  readonly fetch?: GuardedFetch | undefined
  /** Can veto a refresh token or shorten its lifetime. Replaces the risk rules. */
  readonly assessRisk?: ((facts: RiskFacts) => RiskAssessment | Promise<RiskAssessment>) | undefined
  /** How often the server looks for signing keys that another instance rotated. Default 10. */
  readonly signingKeyCheckSeconds?: number | undefined
  /** Where metrics go. Default: the global OpenTelemetry provider, if its API is installed. */
  readonly meter?: Meter | undefined
  /** Default: no log. */
  readonly log?: Log | undefined
}
