import {
  defaultGraceSeconds,
  defaultOverlapSeconds,
  defaultRefreshTokenLifetimes,
  refreshIssuancePresets,
} from '@evergrant/authorization-server'
import type {
  ClientRiskRules,
  RefreshIssuancePolicy,
  RefreshIssuancePreset,
  RiskAssessment,
} from '@evergrant/authorization-server'
import { serverProfile, serverProfiles } from '@evergrant/authorization-server/profiles'
import type { ServerProfile } from '@evergrant/authorization-server/profiles'
import type { GuardedFetch } from '@evergrant/authorization-server/guarded-fetch'
import type { RiskFacts } from '@evergrant/authorization-server/oidc-provider'
import { isLoopbackHost } from '@evergrant/core'
import type { Meter } from '@opentelemetry/api'
import type { ClientMetadata } from 'oidc-provider'
import { ReferenceServerError } from '../errors.ts'
import type { Log } from '../telemetry/log.ts'
import { emulatedSettings, emulationOf, noEmulation } from '../emulation/emulation.ts'
import type { Emulation } from '../emulation/emulation.ts'

/** Short, because access tokens outlive a revocation. */
export const defaultAccessTokenLifetimeSeconds = 300

/** Accounts are made by another process, so a database in memory would have none to sign in with. */
export const defaultDatabasePath = 'evergrant-as.sqlite'

/** Options of {@link startAuthorizationServer}; the rules are for clients that anybody can make up. */
export interface AuthorizationServerOptions extends ClientRiskRules {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Port to listen on. Default 0: any free one. */
  readonly port?: number | undefined
  /** The issuer identifier; an origin without a path. Default: the address listened on. */
  readonly issuer?: string | undefined
  /**
   * How many proxies stand in front and add to X-Forwarded-For: the address a client is limited by
   * is the entry that many from the right. Default 0: the address of the connection.
   */
  readonly trustedProxies?: number | undefined
  /**
   * A SQLite file, `:memory:`, or a `postgres://` connection string. Default: in memory in the demo,
   * otherwise the file `evergrant-as.sqlite` in the working folder.
   */
  readonly databasePath?: string | undefined
  /**
   * The product to behave like, as far as refresh tokens and the requests around them go. What is
   * set besides goes before what the profile says. See {@link serverProfiles}.
   */
  readonly profile?: string | undefined
  /** When refresh tokens are issued. Default `either`. */
  readonly preset?: RefreshIssuancePreset | undefined
  /** Signs in and approves by itself; any loopback resource is registered. Loopback only. */
  readonly demo?: boolean | undefined
  /** Default 300. */
  readonly accessTokenLifetimeSeconds?: number | undefined
  /** Life of a refresh-token family, however busy. Default 90 days. */
  readonly refreshTokenLifetimeSeconds?: number | undefined
  /** Life of a refresh token that is not used. Default 14 days, or the family's if shorter. */
  readonly refreshTokenIdleSeconds?: number | undefined
  /**
   * How long a superseded refresh token is honoured at most. Default a quarter of an access token's
   * life, 30 to 300; 0 turns it off.
   */
  readonly graceSeconds?: number | undefined
  /**
   * For how long both tokens of an exchange are good. Default 10, but at most half the life of an
   * access token and never longer than the grace; 0 turns it off.
   */
  readonly overlapSeconds?: number | undefined
  /** Resource identifiers tokens may be issued for. */
  readonly resources?: readonly string[] | undefined
  /** Scope tokens of those resources. Default `mcp:read`, `mcp:write`, `mcp:admin`. */
  readonly resourceScopes?: readonly string[] | undefined
  /** What an authorization request without `scope` asks for. Default: the first resource scope. */
  readonly defaultScopes?: readonly string[] | undefined
  /** What scopes mean, for people: `{ 'files:read': 'Read your files' }`. */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined
  /** Clients known beforehand. */
  readonly clients?: readonly ClientMetadata[] | undefined
  /** Fetches metadata documents and key sets. Default: guarded against private addresses. */
  readonly fetch?: GuardedFetch | undefined
  /** Can veto a refresh token, or shorten its life. Takes the place of the rules. */
  readonly assessRisk?: ((facts: RiskFacts) => RiskAssessment | Promise<RiskAssessment>) | undefined
  /** How often another instance's change of the signing keys is looked for. Default 10. */
  readonly signingKeyCheckSeconds?: number | undefined
  /** Where metrics go. Default: the global OpenTelemetry provider, where its API is installed. */
  readonly meter?: Meter | undefined
  /** Default: nothing is logged. */
  readonly log?: Log | undefined
}

/** Options after validation, defaults filled in; the issuer is known once a port is. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly issuer: string | undefined
  readonly trustedProxies: number
  readonly databasePath: string
  readonly profile: ServerProfile | undefined
  readonly emulation: Emulation
  readonly preset: RefreshIssuancePolicy
  readonly demo: boolean
  readonly accessTokenLifetimeSeconds: number
  readonly lifetimes: { readonly idleSeconds: number; readonly absoluteSeconds: number }
  readonly graceSeconds: number
  readonly overlapSeconds: number
  readonly resources: readonly string[]
  readonly resourceScopes: readonly string[]
  readonly defaultScopes: readonly string[]
  readonly scopeDescriptions: Readonly<Record<string, string>>
  /** Absent where no rule is set. */
  readonly clientRiskRules: ClientRiskRules | undefined
  readonly clients: readonly ClientMetadata[]
  readonly signingKeyCheckSeconds: number
}

/**
 * Checks options and fills in defaults.
 *
 * @param nameOf - What the person who set an option calls it, for messages.
 * @throws {@link ReferenceServerError} `OPTION_INVALID`, `DEMO_NOT_ON_LOOPBACK`
 */
export function resolveSettings(
  options: AuthorizationServerOptions,
  nameOf: (option: keyof AuthorizationServerOptions) => string = (option) => `Option ${option}`,
): ServerSettings {
  const host = options.host ?? '127.0.0.1'
  const demo = options.demo ?? false
  const issuer =
    options.issuer === undefined ? undefined : issuerFrom(nameOf('issuer'), options.issuer)
  if (demo) assertLoopback(host, issuer)
  const issuerHost = issuer === undefined ? host : new URL(issuer).hostname
  if (!isLoopbackHost(issuerHost) && (issuer === undefined || !issuer.startsWith('https:'))) {
    throw invalid(
      nameOf('issuer'),
      'an https origin when the server is reachable from elsewhere',
      issuer,
    )
  }

  const resourceScopes = scopes(nameOf('resourceScopes'), options.resourceScopes) ?? [
    'mcp:read',
    'mcp:write',
    'mcp:admin',
  ]
  const reserved = resourceScopes.find((scope) => scope === 'openid' || scope === 'offline_access')
  if (reserved !== undefined) {
    throw invalid(
      nameOf('resourceScopes'),
      'scopes of resources, not of the sign-in itself',
      reserved,
    )
  }
  const defaultScopes =
    scopes(nameOf('defaultScopes'), options.defaultScopes) ?? resourceScopes.slice(0, 1)
  const unknown = defaultScopes.find((scope) => !resourceScopes.includes(scope))
  if (unknown !== undefined)
    throw invalid(nameOf('defaultScopes'), 'scopes of resourceScopes', unknown)

  if (options.preset !== undefined && !refreshIssuancePresets.includes(options.preset)) {
    throw invalid(nameOf('preset'), refreshIssuancePresets.join(', '), options.preset)
  }
  const profile = profileNamed(nameOf('profile'), options.profile)
  const emulated = profile === undefined ? undefined : emulatedSettings(profile)
  const resources = options.resources ?? []
  for (const resource of resources) assertResource(nameOf('resources'), resource)
  if (!demo && resources.length === 0) {
    throw invalid(nameOf('resources'), 'at least one MCP server to issue tokens for', undefined)
  }

  const absoluteSeconds = seconds(
    nameOf('refreshTokenLifetimeSeconds'),
    options.refreshTokenLifetimeSeconds ??
      emulated?.refreshTokenLifetimeSeconds ??
      defaultRefreshTokenLifetimes.absoluteSeconds,
  )
  const idleSeconds = seconds(
    nameOf('refreshTokenIdleSeconds'),
    options.refreshTokenIdleSeconds ??
      Math.min(
        emulated?.refreshTokenIdleSeconds ??
          (profile === undefined ? defaultRefreshTokenLifetimes.idleSeconds : absoluteSeconds),
        absoluteSeconds,
      ),
  )
  if (idleSeconds > absoluteSeconds) {
    throw invalid(nameOf('refreshTokenIdleSeconds'), `at most ${absoluteSeconds}`, idleSeconds)
  }
  const accessTokenLifetimeSeconds = seconds(
    nameOf('accessTokenLifetimeSeconds'),
    options.accessTokenLifetimeSeconds ??
      emulated?.accessTokenLifetimeSeconds ??
      defaultAccessTokenLifetimeSeconds,
  )
  const graceSeconds = seconds(
    nameOf('graceSeconds'),
    options.graceSeconds ?? emulated?.graceSeconds ?? graceWithin(accessTokenLifetimeSeconds),
    0,
  )
  const overlapSeconds = seconds(
    nameOf('overlapSeconds'),
    options.overlapSeconds ??
      emulated?.overlapSeconds ??
      // A refresh that comes later than this has met the next expiry, not the same one.
      Math.min(defaultOverlapSeconds, Math.floor(accessTokenLifetimeSeconds / 2), graceSeconds),
    0,
  )
  if (overlapSeconds > graceSeconds) {
    throw invalid(nameOf('overlapSeconds'), `at most the grace, ${graceSeconds}`, overlapSeconds)
  }
  return {
    host,
    port: port(nameOf('port'), options.port ?? 0),
    issuer,
    trustedProxies: proxies(nameOf('trustedProxies'), options.trustedProxies ?? 0),
    databasePath: options.databasePath ?? (demo ? ':memory:' : defaultDatabasePath),
    profile,
    emulation: emulationFor(profile, options),
    preset: options.preset ?? emulated?.policy ?? 'either',
    demo,
    accessTokenLifetimeSeconds,
    lifetimes: { idleSeconds, absoluteSeconds },
    graceSeconds,
    overlapSeconds,
    resources,
    resourceScopes,
    defaultScopes,
    scopeDescriptions: options.scopeDescriptions ?? {},
    clientRiskRules: clientRiskRules(nameOf, options),
    clients: options.clients ?? [],
    signingKeyCheckSeconds: seconds(
      nameOf('signingKeyCheckSeconds'),
      options.signingKeyCheckSeconds ?? 10,
    ),
  }
}

function clientRiskRules(
  nameOf: (option: keyof AuthorizationServerOptions) => string,
  options: AuthorizationServerOptions,
): ClientRiskRules | undefined {
  const { trustedDomains } = options
  const bad = trustedDomains?.find((one) => one === '' || URL.parse(`https://${one}`)?.host !== one)
  if (bad !== undefined) {
    throw invalid(nameOf('trustedDomains'), 'host names in lower case, without port or path', bad)
  }
  if (options.untrustedLifetimeSeconds !== undefined && trustedDomains === undefined) {
    throw invalid(nameOf('trustedDomains'), 'the domains whose clients are trusted', undefined)
  }
  const limit = (name: keyof ClientRiskRules & `${string}Seconds`) => {
    const value = options[name]
    return value === undefined ? undefined : seconds(nameOf(name), value, 0)
  }
  const rules = {
    trustedDomains,
    untrustedLifetimeSeconds: limit('untrustedLifetimeSeconds'),
    localRedirectLifetimeSeconds: limit('localRedirectLifetimeSeconds'),
    newClientLifetimeSeconds: limit('newClientLifetimeSeconds'),
    newClientSeconds: limit('newClientSeconds'),
  }
  return Object.values(rules).every((rule) => rule === undefined) ? undefined : rules
}

/**
 * The profile of this name.
 *
 * @throws {@link ReferenceServerError} `OPTION_INVALID`
 */
export function profileNamed(name: string, value: string | undefined): ServerProfile | undefined {
  if (value === undefined) return undefined
  const found = serverProfile(value)
  if (found !== undefined) return found
  throw invalid(name, serverProfiles.map((one) => one.name).join(', '), value)
}

/** What is set by hand is not emulated. */
function emulationFor(
  profile: ServerProfile | undefined,
  { preset, graceSeconds }: AuthorizationServerOptions,
): Emulation {
  if (profile === undefined) return noEmulation
  const emulation = emulationOf(profile)
  return {
    ...emulation,
    ...(preset === undefined ? {} : { offlineAccess: 'by-policy', accessTypeOffline: false }),
    ...(graceSeconds === undefined ? {} : { reuse: 'as-it-comes' }),
  }
}

/** For retries and restarts, however short access tokens live. */
const shortestGraceSeconds = 30

/**
 * A grace as long as an access token lives would forgive a thief for good: each refresh of the one
 * who was robbed would begin another one.
 */
export function graceWithin(accessTokenLifetimeSeconds: number): number {
  const share = Math.floor(accessTokenLifetimeSeconds / 4)
  return Math.min(defaultGraceSeconds, Math.max(shortestGraceSeconds, share))
}

function invalid(name: string, expected: string, got: unknown): ReferenceServerError {
  const shown = got === undefined ? 'nothing' : JSON.stringify(got).slice(0, 120)
  return new ReferenceServerError('OPTION_INVALID', `${name}: expected ${expected}, got ${shown}.`)
}

function assertLoopback(host: string, issuer: string | undefined): void {
  const outside = [host, issuer === undefined ? host : new URL(issuer).hostname].find(
    (one) => !isLoopbackHost(one),
  )
  if (outside === undefined) return
  throw new ReferenceServerError(
    'DEMO_NOT_ON_LOOPBACK',
    'The demo approves every request by itself, so it only starts on 127.0.0.1, ::1 or ' +
      `localhost, got ${JSON.stringify(outside)}. Leave --demo out to serve other machines.`,
  )
}

function issuerFrom(name: string, issuer: string): string {
  const url = URL.parse(issuer)
  // oidc-provider serves RFC 8414's well-known URI at the root of the origin only.
  if (url === null || !/^https?:$/.test(url.protocol) || url.origin !== issuer.replace(/\/$/, '')) {
    throw invalid(name, 'an http or https origin without a path, query or fragment', issuer)
  }
  return url.origin
}

function assertResource(name: string, resource: string): void {
  const url = URL.parse(resource)
  if (url === null || resource.includes('#') || !/^https?:$/.test(url.protocol)) {
    throw invalid(name, 'absolute http(s) URLs without a fragment (RFC 8707 §2)', resource)
  }
}

function seconds(name: string, value: number, minimum = 1): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value
  throw invalid(name, `a whole number of seconds, at least ${minimum}`, value)
}

function proxies(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 10) return value
  throw invalid(name, 'a number of proxies, 0 to 10', value)
}

function port(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value
  throw invalid(name, 'a port number, 0 for any free one', value)
}

function scopes(
  name: string,
  values: readonly string[] | undefined,
): readonly string[] | undefined {
  if (values === undefined) return undefined
  // RFC 6749 §3.3
  const bad = values.find((value) => !/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(value))
  if (bad !== undefined) throw invalid(name, 'scope tokens (RFC 6749 §3.3)', bad)
  if (values.length === 0) throw invalid(name, 'at least one scope token', undefined)
  return [...new Set(values)]
}
