import { readFileSync } from 'node:fs'
import { refreshIssuancePresets } from '@evergrant/authorization-server'
import type { RefreshIssuancePreset } from '@evergrant/authorization-server'
import type { ClientMetadata } from 'oidc-provider'
import { ReferenceServerError } from '../errors.ts'
import {
  defaultAccessTokenLifetimeSeconds,
  defaultDatabasePath,
  profileNamed,
  resolveSettings,
} from './options.ts'
import type { AuthorizationServerOptions, ServerSettings } from './options.ts'
import { emulatedSettings } from '../emulation/emulation.ts'

/** One setting: `--name` as a flag, `EVERGRANT_AS_NAME` in the environment, `"name"` in a file. */
export interface Setting {
  readonly name: string
  readonly option: keyof AuthorizationServerOptions
  readonly kind: 'text' | 'number' | 'switch' | 'list' | 'clients' | 'texts'
  readonly help: string
}

/** Every setting of `serve`. Lists are separated by spaces or commas where they are one text. */
export const settings: readonly Setting[] = [
  {
    name: 'port',
    option: 'port',
    kind: 'number',
    help: 'port to listen on, 0 for any free one (default: 9400)',
  },
  { name: 'host', option: 'host', kind: 'text', help: 'address to listen on (default: 127.0.0.1)' },
  {
    name: 'issuer',
    option: 'issuer',
    kind: 'text',
    help: 'issuer identifier (default: the address listened on)',
  },
  {
    name: 'trust-proxy',
    option: 'trustedProxies',
    kind: 'number',
    help: 'proxies in front whose X-Forwarded-For is believed (default: 0)',
  },
  {
    name: 'db',
    option: 'databasePath',
    kind: 'text',
    help: 'SQLite file, :memory:, or postgres://… (default: evergrant-as.sqlite, in memory with --demo)',
  },
  {
    name: 'profile',
    option: 'profile',
    kind: 'text',
    help: 'product to behave like; see: evergrant-as profiles',
  },
  {
    name: 'preset',
    option: 'preset',
    kind: 'text',
    help: 'when refresh tokens are issued: oauth21, oidc, either (default), never',
  },
  {
    name: 'access-token-ttl',
    option: 'accessTokenLifetimeSeconds',
    kind: 'number',
    help: 'life of an access token in seconds (default: 300)',
  },
  {
    name: 'refresh-token-ttl',
    option: 'refreshTokenLifetimeSeconds',
    kind: 'number',
    help: 'life of a sign-in in seconds (default: 90 days)',
  },
  {
    name: 'idle-ttl',
    option: 'refreshTokenIdleSeconds',
    kind: 'number',
    help: 'life of a sign-in that is not used (default: 14 days)',
  },
  {
    name: 'grace',
    option: 'graceSeconds',
    kind: 'number',
    help: 'seconds a superseded refresh token is honoured (default: a quarter of --access-token-ttl)',
  },
  {
    name: 'overlap',
    option: 'overlapSeconds',
    kind: 'number',
    help: 'seconds both tokens of an exchange are good (default: 10, or less for short access tokens)',
  },
  {
    name: 'resource',
    option: 'resources',
    kind: 'list',
    help: 'MCP server to issue tokens for; may be repeated',
  },
  {
    name: 'scopes',
    option: 'resourceScopes',
    kind: 'list',
    help: 'scopes of the resources (default: mcp:read mcp:write mcp:admin)',
  },
  {
    name: 'default-scopes',
    option: 'defaultScopes',
    kind: 'list',
    help: 'what a request without scope asks for (default: the first scope)',
  },
  {
    name: 'scope-descriptions',
    option: 'scopeDescriptions',
    kind: 'texts',
    help: 'what scopes mean, in words for people',
  },
  {
    name: 'trusted-domain',
    option: 'trustedDomains',
    kind: 'list',
    help: 'domain whose clients need no further look; may be repeated (default: all)',
  },
  {
    name: 'untrusted-ttl',
    option: 'untrustedLifetimeSeconds',
    kind: 'number',
    help: 'life of a sign-in with other clients; 0 for no refresh token (default: 0)',
  },
  {
    name: 'local-redirect-ttl',
    option: 'localRedirectLifetimeSeconds',
    kind: 'number',
    help: "life of a sign-in whose answer goes to a program on the user's machine",
  },
  {
    name: 'new-client-ttl',
    option: 'newClientLifetimeSeconds',
    kind: 'number',
    help: 'life of a sign-in with clients that are new here',
  },
  {
    name: 'new-client-period',
    option: 'newClientSeconds',
    kind: 'number',
    help: 'for how many seconds a client is new (default: 7 days)',
  },
  {
    name: 'demo',
    option: 'demo',
    kind: 'switch',
    help: 'sign in and approve by itself; loopback only',
  },
  {
    name: 'clients',
    option: 'clients',
    kind: 'clients',
    help: 'clients known beforehand: RFC 7591 metadata with a client_id',
  },
]

/** Where settings come from, strongest first. */
export interface ConfigurationSources {
  /** Flags as given, by name: text, several texts, or `true`. */
  readonly flags: Readonly<Record<string, unknown>>
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Settings that were read, and where from. */
export interface Configuration {
  readonly settings: ServerSettings
  /** For the summary: `flags`, `environment`, the file's name. */
  readonly sources: readonly string[]
}

const prefix = 'EVERGRANT_AS_'

interface Given {
  readonly value: unknown
  /** What the setting is called where it was set. */
  readonly from: string
  readonly source: string
}

/**
 * Reads the configuration: flags before environment before file before defaults.
 *
 * @throws {@link ReferenceServerError} `OPTION_INVALID`, `DEMO_NOT_ON_LOOPBACK`; the message names
 *   the flag, the variable or the entry of the file.
 */
export function readConfiguration(sources: ConfigurationSources): Configuration {
  const given = givenSettings(sources)
  const value = <Value>(name: string, read: (given: Given) => Value): Value | undefined => {
    const found = given.get(name)
    return found === undefined ? undefined : read(found)
  }
  const options: AuthorizationServerOptions = {
    port: value('port', wholeNumber) ?? 9400,
    host: value('host', text),
    issuer: value('issuer', text),
    trustedProxies: value('trust-proxy', wholeNumber),
    databasePath: value('db', text),
    profile: value('profile', text),
    preset: value('preset', preset),
    accessTokenLifetimeSeconds: value('access-token-ttl', wholeNumber),
    refreshTokenLifetimeSeconds: value('refresh-token-ttl', wholeNumber),
    refreshTokenIdleSeconds: value('idle-ttl', wholeNumber),
    graceSeconds: value('grace', wholeNumber),
    overlapSeconds: value('overlap', wholeNumber),
    resources: value('resource', list),
    resourceScopes: value('scopes', list),
    defaultScopes: value('default-scopes', list),
    scopeDescriptions: value('scope-descriptions', textsByName),
    trustedDomains: value('trusted-domain', list),
    untrustedLifetimeSeconds: value('untrusted-ttl', wholeNumber),
    localRedirectLifetimeSeconds: value('local-redirect-ttl', wholeNumber),
    newClientLifetimeSeconds: value('new-client-ttl', wholeNumber),
    newClientSeconds: value('new-client-period', wholeNumber),
    demo: value('demo', onOrOff),
    clients: value('clients', clients),
  }
  return {
    settings: resolveSettings(options, (option) => {
      const name = settings.find((one) => one.option === option)?.name ?? option
      return given.get(name)?.from ?? `--${name}`
    }),
    sources: [...new Set([...given.values()].map(({ source }) => source))],
  }
}

/**
 * The database alone, for commands that need nothing else.
 *
 * @throws {@link ReferenceServerError} `OPTION_INVALID`, also where the demo keeps it in memory
 */
export function readDatabase(sources: ConfigurationSources): string {
  const given = givenSettings(sources)
  const found = given.get('db')
  if (found !== undefined) return text(found)
  const demo = given.get('demo')
  if (demo === undefined || !onOrOff(demo)) return defaultDatabasePath
  throw new ReferenceServerError(
    'OPTION_INVALID',
    `--db: expected a SQLite file or postgres://…, got nothing, and by ${demo.from} the server ` +
      `keeps everything in memory. Set --db, ${prefix}DB, or "db" in the file that --config names.`,
  )
}

/**
 * How long access tokens live under a configuration, for commands that need nothing else of it.
 *
 * @throws {@link ReferenceServerError} `OPTION_INVALID`
 */
export function readAccessTokenLifetimeSeconds(sources: ConfigurationSources): number {
  const given = givenSettings(sources)
  const found = given.get('access-token-ttl')
  if (found !== undefined) return wholeNumber(found)
  const profile = given.get('profile')
  const product = profile && profileNamed(profile.from, text(profile))
  const emulated = product && emulatedSettings(product)
  return emulated?.accessTokenLifetimeSeconds ?? defaultAccessTokenLifetimeSeconds
}

/** Too long, or of too many parts, for a command line or a variable. */
export function isForFilesOnly({ kind }: Setting): boolean {
  return kind === 'clients' || kind === 'texts'
}

function givenSettings({ flags, environment }: ConfigurationSources): Map<string, Given> {
  const given = new Map<string, Given>()
  const file = flags['config'] ?? environment[`${prefix}CONFIG`]
  if (typeof file === 'string') {
    for (const [name, value] of Object.entries(readFile(file))) {
      const from = `${JSON.stringify(name)} in ${file}`
      if (!settings.some((one) => one.name === name)) throw unknownSetting(from)
      given.set(name, { value, from, source: file })
    }
  }
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || variable === `${prefix}CONFIG`) continue
    const name = variable.slice(prefix.length).toLowerCase().replaceAll('_', '-')
    const setting = settings.find((one) => one.name === name)
    // What is mistyped would otherwise be ignored without a word.
    if (setting === undefined || isForFilesOnly(setting)) throw unknownSetting(variable)
    if (value !== undefined && value !== '') {
      given.set(name, { value, from: variable, source: 'environment' })
    }
  }
  for (const { name } of settings) {
    const value = flags[name]
    if (value !== undefined) given.set(name, { value, from: `--${name}`, source: 'flags' })
  }
  return given
}

function readFile(file: string): Readonly<Record<string, unknown>> {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ReferenceServerError(
      'OPTION_INVALID',
      `--config: expected a JSON file, got ${JSON.stringify(file)}: ${why.slice(0, 200)}`,
      { cause },
    )
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
    return { ...content }
  }
  throw new ReferenceServerError(
    'OPTION_INVALID',
    `--config: expected a JSON object of settings in ${JSON.stringify(file)}, got another value.`,
  )
}

function unknownSetting(from: string): ReferenceServerError {
  return new ReferenceServerError(
    'OPTION_INVALID',
    `${from}: there is no such setting. Expected one of ${settings.map(({ name }) => name).join(', ')}.`,
  )
}

function wrong({ from, value }: Given, expected: string): ReferenceServerError {
  return new ReferenceServerError(
    'OPTION_INVALID',
    `${from}: expected ${expected}, got ${JSON.stringify(value)?.slice(0, 120)}.`,
  )
}

function text(given: Given): string {
  if (typeof given.value === 'string') return given.value
  throw wrong(given, 'a text')
}

function wholeNumber(given: Given): number {
  const { value } = given
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (typeof value === 'string' && /^\d{1,10}$/.test(value)) return Number(value)
  throw wrong(given, 'a whole number')
}

function onOrOff(given: Given): boolean {
  const { value } = given
  if (typeof value === 'boolean') return value
  if (value === '1' || value === 'true') return true
  if (value === '0' || value === 'false') return false
  throw wrong(given, 'true or false')
}

function list(given: Given): readonly string[] {
  const values: unknown[] = [given.value].flat()
  const texts = values.filter((one) => typeof one === 'string')
  if (texts.length !== values.length) throw wrong(given, 'a text or a list of texts')
  return texts.flatMap((one) => one.split(/[\s,]+/).filter(Boolean))
}

function textsByName(given: Given): Readonly<Record<string, string>> {
  const { value } = given
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(given, 'an object of texts')
  }
  const entries = Object.entries(value)
  const read = entries.flatMap(([name, one]) => (typeof one === 'string' ? [[name, one]] : []))
  if (read.length !== entries.length) throw wrong(given, 'an object of texts')
  return Object.fromEntries(read)
}

function preset(given: Given): RefreshIssuancePreset {
  const found = refreshIssuancePresets.find((one) => one === given.value)
  if (found !== undefined) return found
  throw wrong(given, refreshIssuancePresets.join(', '))
}

/** Only the shape: what the metadata mean is for the engine to judge, when the server starts. */
function clients(given: Given): readonly ClientMetadata[] {
  const values: unknown[] = [given.value].flat()
  return values.map((one) => {
    if (typeof one === 'object' && one !== null && 'client_id' in one) {
      const { client_id: clientId, ...metadata } = one
      if (typeof clientId === 'string' && clientId !== '') {
        return { ...metadata, client_id: clientId }
      }
    }
    throw wrong(given, 'a list of client metadata (RFC 7591), each with a client_id')
  })
}
