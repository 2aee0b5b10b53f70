import {
  defaultGraceSeconds,
  defaultOverlapSeconds,
  defaultRefreshIssuancePolicy,
} from '@evergrant/authorization-server'
import type { ClientRiskRules } from '@evergrant/authorization-server'
import { isLoopbackHost } from '@evergrant/core/network'
import type { ClientMetadata } from 'oidc-provider'
import { emulatedSettings } from '../emulation/emulated-settings.ts'
import { emulationOf, noEmulation } from '../emulation/emulation.ts'
import type { Emulation } from '../emulation/emulation.ts'
import { findEmulatedServer } from '../emulation/servers/catalog.ts'
import type { EmulatedServer } from '../emulation/servers/emulated-server.ts'
import { ReferenceServerError } from '../errors.ts'
import { checked, invalidOption } from './option-error.ts'
import type { AuthorizationServerOptions, ConfigurableOptions } from './options.ts'
import type { ServerSettings } from './server-settings.ts'
import { settings, settingsTable } from './settings-table.ts'
import { defaultDatabasePath } from '../names.ts'

type NameOf = (option: keyof AuthorizationServerOptions) => string

/**
 * Checks options and fills in defaults.
 *
 * @param nameOf - The name of an option where it was set, for messages.
 * @throws {@link ReferenceServerError} `OPTION_INVALID`, `DEMO_NOT_ON_LOOPBACK`
 */
export function resolveSettings(
  given: AuthorizationServerOptions,
  nameOf: NameOf = (option) => `Option ${option}`,
): ServerSettings {
  const options = checkedOptions(given, nameOf)
  const host = options.host ?? '127.0.0.1'
  const demo = options.demo ?? false
  assertOrigins(host, options, nameOf)
  const resources = options.resources ?? []
  if (!demo && resources.length === 0) {
    throw invalidOption(
      nameOf('resources'),
      'at least one MCP server to issue tokens for',
      undefined,
    )
  }
  const emulatedServer =
    options.emulate === undefined ? undefined : findEmulatedServer(options.emulate)
  const emulated = emulatedServer === undefined ? undefined : emulatedSettings(emulatedServer)
  return {
    host,
    port: options.port ?? 0,
    issuer: options.issuer,
    trustedProxies: options.trustedProxies ?? 0,
    databasePath: options.databasePath ?? (demo ? ':memory:' : defaultDatabasePath),
    emulatedServer,
    emulation: emulationFor(emulatedServer, options),
    policy: options.preset ?? emulated?.policy ?? defaultRefreshIssuancePolicy,
    demo,
    resources,
    ...scopeSettings(options, nameOf),
    ...tokenSettings(options, emulatedServer, nameOf),
    scopeDescriptions: options.scopeDescriptions ?? {},
    clientRiskRules: clientRiskRules(options, nameOf),
    clientDocumentBytes: options.clientDocumentBytes,
    clients: registeredClients(options, nameOf),
    signingKeyCheckSeconds: checked(
      nameOf('signingKeyCheckSeconds'),
      settingsTable.accessTokenLifetimeSeconds.schema,
      given.signingKeyCheckSeconds ?? 10,
      'whole',
    ),
  }
}

/** Each option that is set, checked by its row of the table. */
function checkedOptions(given: ConfigurableOptions, nameOf: NameOf): ConfigurableOptions {
  const entries = settings.flatMap(({ option, schema }) => {
    const value = given[option]
    return value === undefined ? [] : [[option, checked(nameOf(option), schema, value, 'element')]]
  })
  // The type of the table ties the schema of each setting to the type of its option.
  return Object.fromEntries(entries) as ConfigurableOptions
}

function assertOrigins(host: string, options: ConfigurableOptions, nameOf: NameOf): void {
  const { issuer, demo = false } = options
  const issuerHost = issuer === undefined ? host : new URL(issuer).hostname
  if (demo) {
    const outside = [host, issuerHost].find((one) => !isLoopbackHost(one))
    if (outside === undefined) return
    throw new ReferenceServerError(
      'DEMO_NOT_ON_LOOPBACK',
      `Cannot start the demo on ${JSON.stringify(outside)} (expected 127.0.0.1, ::1 or localhost): ` +
        'it approves every request automatically. Omit --demo to serve other machines.',
    )
  }
  if (!isLoopbackHost(issuerHost) && issuer?.startsWith('https:') !== true) {
    const expected = 'an https origin when the server is reachable from other machines'
    throw invalidOption(nameOf('issuer'), expected, issuer)
  }
}

function scopeSettings(
  options: ConfigurableOptions,
  nameOf: NameOf,
): Pick<ServerSettings, 'resourceScopes' | 'defaultScopes'> {
  const resourceScopes = options.resourceScopes ?? settingsTable.resourceScopes.defaultValue ?? []
  const reserved = resourceScopes.find((scope) => scope === 'openid' || scope === 'offline_access')
  if (reserved !== undefined) {
    throw invalidOption(
      nameOf('resourceScopes'),
      'scopes of resources, not of the sign-in',
      reserved,
    )
  }
  const defaultScopes = options.defaultScopes ?? resourceScopes.slice(0, 1)
  const unknown = defaultScopes.find((scope) => !resourceScopes.includes(scope))
  if (unknown !== undefined) {
    throw invalidOption(nameOf('defaultScopes'), 'scopes of the resources', unknown)
  }
  return { resourceScopes, defaultScopes }
}

function tokenSettings(
  options: ConfigurableOptions,
  emulatedServer: EmulatedServer | undefined,
  nameOf: NameOf,
): Pick<
  ServerSettings,
  'accessTokenLifetimeSeconds' | 'lifetimes' | 'graceSeconds' | 'overlapSeconds'
> {
  const emulated = emulatedServer === undefined ? undefined : emulatedSettings(emulatedServer)
  const absoluteSeconds =
    options.refreshTokenLifetimeSeconds ??
    emulated?.refreshTokenLifetimeSeconds ??
    settingsTable.refreshTokenLifetimeSeconds.defaultValue ??
    0
  const defaultIdleSeconds =
    emulated === undefined
      ? (settingsTable.refreshTokenIdleSeconds.defaultValue ?? absoluteSeconds)
      : (emulated.refreshTokenIdleSeconds ?? absoluteSeconds)
  const idleSeconds =
    options.refreshTokenIdleSeconds ?? Math.min(defaultIdleSeconds, absoluteSeconds)
  if (idleSeconds > absoluteSeconds) {
    throw invalidOption(
      nameOf('refreshTokenIdleSeconds'),
      `at most ${absoluteSeconds}`,
      idleSeconds,
    )
  }
  const accessTokenLifetimeSeconds =
    options.accessTokenLifetimeSeconds ?? defaultAccessTokenLifetimeSeconds(emulatedServer)
  const graceSeconds =
    options.graceSeconds ?? emulated?.graceSeconds ?? graceWithin(accessTokenLifetimeSeconds)
  const overlapSeconds =
    options.overlapSeconds ??
    emulated?.overlapSeconds ??
    // A later refresh has met the next expiry, not the same one.
    Math.min(defaultOverlapSeconds, Math.floor(accessTokenLifetimeSeconds / 2), graceSeconds)
  if (overlapSeconds > graceSeconds) {
    const expected = `at most the grace, ${graceSeconds}`
    throw invalidOption(nameOf('overlapSeconds'), expected, overlapSeconds)
  }
  return {
    accessTokenLifetimeSeconds,
    lifetimes: { idleSeconds, absoluteSeconds },
    graceSeconds,
    overlapSeconds,
  }
}

/** The lifetime of access tokens when it is not set. */
export function defaultAccessTokenLifetimeSeconds(emulated: EmulatedServer | undefined): number {
  return (
    (emulated === undefined ? undefined : emulatedSettings(emulated).accessTokenLifetimeSeconds) ??
    settingsTable.accessTokenLifetimeSeconds.defaultValue ??
    0
  )
}

function clientRiskRules(
  options: ConfigurableOptions,
  nameOf: NameOf,
): ClientRiskRules | undefined {
  const {
    trustedDomains,
    untrustedLifetimeSeconds,
    localRedirectLifetimeSeconds,
    newClientLifetimeSeconds,
    newClientSeconds,
  } = options
  if (untrustedLifetimeSeconds !== undefined && trustedDomains === undefined) {
    throw invalidOption(
      nameOf('trustedDomains'),
      'the domains whose clients are trusted',
      undefined,
    )
  }
  const rules = {
    trustedDomains,
    untrustedLifetimeSeconds,
    localRedirectLifetimeSeconds,
    newClientLifetimeSeconds,
    newClientSeconds,
  }
  return Object.values(rules).every((rule) => rule === undefined) ? undefined : rules
}

/** The clients of the options, and those that an ID is enough for. */
function registeredClients(
  { clients = [], localClients = [] }: ConfigurableOptions,
  nameOf: NameOf,
): ServerSettings['clients'] {
  const taken = localClients.find(
    (id, index) =>
      localClients.indexOf(id) !== index || clients.some(({ client_id: other }) => other === id),
  )
  if (taken !== undefined) {
    throw invalidOption(nameOf('localClients'), 'each client ID once', taken)
  }
  return [...clients, ...localClients.map(localClient)]
}

/** A client on the user's machine. Any port is accepted on loopback (RFC 8252 §7.3). */
function localClient(id: string): ClientMetadata {
  return {
    client_id: id,
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['127.0.0.1', '[::1]', 'localhost'].map((host) => `http://${host}/callback`),
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
}

/** A behavior whose option is set is not emulated. */
function emulationFor(
  emulated: EmulatedServer | undefined,
  { preset, graceSeconds }: ConfigurableOptions,
): Emulation {
  if (emulated === undefined) return noEmulation
  return {
    ...emulationOf(emulated),
    ...(preset === undefined ? {} : { offlineAccess: 'by-policy', accessTypeOffline: false }),
    ...(graceSeconds === undefined ? {} : { reuse: 'by-rule' }),
  }
}

/** Long enough for retries and restarts, even with very short access tokens. */
const shortestGraceSeconds = 30

/**
 * The default grace. A grace as long as the lifetime of an access token would hide theft forever:
 * each refresh of the legitimate client would begin another grace.
 */
export function graceWithin(accessTokenLifetimeSeconds: number): number {
  const share = Math.floor(accessTokenLifetimeSeconds / 4)
  return Math.min(defaultGraceSeconds, Math.max(shortestGraceSeconds, share))
}
