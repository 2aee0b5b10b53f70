import {
  defaultRefreshIssuancePolicy,
  defaultRefreshTokenLifetimes,
} from '@evergrant/authorization-server'
import type { ClientMetadata } from 'oidc-provider'
import * as z from 'zod'
import { emulatedServers, findEmulatedServer } from '../emulation/servers/catalog.ts'
import type { ConfigurableOptions } from './options.ts'
import {
  clientMetadata,
  list,
  onOrOff,
  preset,
  text,
  textsByName,
  wholeNumber,
} from './setting-values.ts'
import type { ValueKind } from './setting-values.ts'
import { commandName, defaultDatabasePath } from '../names.ts'

/** Everything about one setting: `--name`, `EVERGRANT_AS_NAME`, `"name"` in a file. */
export interface Setting<Value> {
  readonly name: string
  readonly kind: ValueKind<Value>
  /** What the option must be, wherever it is set. Its message is what it expects. */
  readonly schema: z.ZodType<Value>
  /** When nothing else, such as an emulated server, decides. */
  readonly defaultValue?: Value
  /** The default as shown in help texts. Default: `defaultValue`. */
  readonly defaultText?: string
  /** For `--help` and the README. */
  readonly help: string
  /** More for the README, in Markdown. */
  readonly details?: string
}

/** One setting for each option. */
export type SettingsTable = {
  readonly [Option in keyof ConfigurableOptions]-?: Setting<
    NonNullable<ConfigurableOptions[Option]>
  >
}

/** Each schema has a message of its own for every way in which a value can be wrong. */
const whole = (error: string, minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  z.int({ error }).min(minimum, { error }).max(maximum, { error })

const seconds = (minimum = 1) => whole(`a whole number of seconds, at least ${minimum}`, minimum)

const string = z.string({ error: 'a string' })

const strings = { error: 'a list of strings' }

/** RFC 6749 §3.3 */
const scopeTokens = z
  .array(
    string.regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, { error: 'scope tokens (RFC 6749 §3.3)' }),
    strings,
  )
  .min(1, { error: 'at least one scope token' })
  .transform((scopes) => [...new Set(scopes)])

const origin = string
  .refine((issuer) => {
    const url = URL.parse(issuer)
    // oidc-provider serves RFC 8414's well-known URI at the root of the origin only.
    const isHttp = url !== null && /^https?:$/.test(url.protocol)
    return isHttp && url.origin === issuer.replace(/\/$/, '')
  }, 'an http or https origin without a path, query or fragment')
  .transform((issuer) => new URL(issuer).origin)

const resourceIdentifier = string.refine((resource) => {
  const url = URL.parse(resource)
  return url !== null && !resource.includes('#') && /^https?:$/.test(url.protocol)
}, 'absolute http(s) URLs without a fragment (RFC 8707 §2)')

const hostName = string.refine(
  (domain) => domain !== '' && URL.parse(`https://${domain}`)?.host === domain,
  'host names in lower case, without port or path',
)

export const settingsTable: SettingsTable = {
  port: {
    name: 'port',
    kind: wholeNumber,
    schema: whole('a port number, 0 for any free port', 0, 65_535),
    defaultText: '9400',
    help: 'port to listen on, 0 for any free port',
  },
  host: {
    name: 'host',
    kind: text,
    schema: string,
    defaultValue: '127.0.0.1',
    help: 'address to listen on',
  },
  issuer: {
    name: 'issuer',
    kind: text,
    schema: origin,
    defaultText: 'the address listened on',
    help: 'issuer identifier, an origin',
  },
  trustedProxies: {
    name: 'trust-proxy',
    kind: wholeNumber,
    schema: whole('a number of proxies, 0 to 10', 0, 10),
    defaultValue: 0,
    help: 'number of trusted proxies in front of the server',
    details:
      'clients are rate-limited by the entry of `X-Forwarded-For` at that position from the right',
  },
  databasePath: {
    name: 'db',
    kind: text,
    schema: string,
    defaultText: `${defaultDatabasePath}, in memory with --demo`,
    help: 'SQLite file, :memory:, or postgres://user:password@host/name',
    details: 'the server removes the permissions of group and others from the file',
  },
  emulate: {
    name: 'emulate',
    kind: text,
    schema: string.refine(
      (name) => findEmulatedServer(name) !== undefined,
      emulatedServers.map(({ name }) => name).join(', '),
    ),
    help: `product to emulate; see: ${commandName} products`,
    details: 'other settings take precedence over the emulation',
  },
  preset: {
    name: 'preset',
    kind: preset,
    schema: preset.read,
    defaultText: defaultRefreshIssuancePolicy,
    help: 'when refresh tokens are issued: oauth21, oidc, either (lenient), never',
  },
  accessTokenLifetimeSeconds: {
    name: 'access-token-ttl',
    kind: wholeNumber,
    schema: seconds(),
    // Short, because access tokens stay valid after a revocation.
    defaultValue: 300,
    help: 'lifetime of an access token, in seconds',
  },
  refreshTokenLifetimeSeconds: {
    name: 'refresh-token-ttl',
    kind: wholeNumber,
    schema: seconds(),
    defaultValue: defaultRefreshTokenLifetimes.absoluteSeconds,
    defaultText: '90 days',
    help: 'lifetime of a sign-in, in seconds',
  },
  refreshTokenIdleSeconds: {
    name: 'idle-ttl',
    kind: wholeNumber,
    schema: seconds(),
    defaultValue: defaultRefreshTokenLifetimes.idleSeconds,
    defaultText: '14 days',
    help: 'lifetime of an unused sign-in, in seconds',
  },
  graceSeconds: {
    name: 'grace',
    kind: wholeNumber,
    schema: seconds(0),
    defaultText: 'a quarter of --access-token-ttl, 30 to 300',
    help: 'how long a superseded refresh token is honored at most, in seconds',
    details: '0 turns it off',
  },
  overlapSeconds: {
    name: 'overlap',
    kind: wholeNumber,
    schema: seconds(0),
    defaultText: '10, at most half of --access-token-ttl',
    help: 'how long both tokens of an exchange are good, in seconds',
    details: '0 turns it off',
  },
  resources: {
    name: 'resource',
    kind: list,
    schema: z.array(resourceIdentifier, strings),
    help: 'MCP server to issue tokens for; can be repeated',
  },
  resourceScopes: {
    name: 'scopes',
    kind: list,
    schema: scopeTokens,
    defaultValue: ['mcp:read', 'mcp:write', 'mcp:admin'],
    help: 'scopes of the resources',
  },
  defaultScopes: {
    name: 'default-scopes',
    kind: list,
    schema: scopeTokens,
    defaultText: 'the first of --scopes',
    help: 'scopes of a request without scope',
  },
  scopeDescriptions: {
    name: 'scope-descriptions',
    kind: textsByName,
    schema: textsByName.read,
    defaultValue: {},
    defaultText: 'none',
    help: 'descriptions of scopes for the consent page',
    details: '`{ "files:read": "Read your files" }`',
  },
  trustedDomains: {
    name: 'trusted-domain',
    kind: list,
    schema: z.array(hostName, strings),
    defaultText: 'all',
    help: 'domain whose clients are trusted; can be repeated',
  },
  untrustedLifetimeSeconds: {
    name: 'untrusted-ttl',
    kind: wholeNumber,
    schema: seconds(0),
    defaultText: '0',
    help: 'lifetime of a sign-in with an untrusted client, 0 for no refresh token',
  },
  localRedirectLifetimeSeconds: {
    name: 'local-redirect-ttl',
    kind: wholeNumber,
    schema: seconds(0),
    help: "lifetime of a sign-in whose response goes to a program on the user's machine",
    details:
      'on loopback or by a scheme such as `com.example.app:`, where any program can pose as the client',
  },
  newClientLifetimeSeconds: {
    name: 'new-client-ttl',
    kind: wholeNumber,
    schema: seconds(0),
    help: 'lifetime of a sign-in with a new client',
  },
  newClientSeconds: {
    name: 'new-client-period',
    kind: wholeNumber,
    schema: seconds(0),
    defaultText: '7 days',
    help: 'how long a client counts as new after it first got tokens, in seconds',
  },
  demo: {
    name: 'demo',
    kind: onOrOff,
    schema: z.boolean({ error: 'true or false' }),
    defaultValue: false,
    defaultText: 'off',
    help: 'sign every user in and approve automatically, on loopback only',
    details: 'accepts every loopback resource, redirects to this machine only',
  },
  clientDocumentBytes: {
    name: 'client-document-limit',
    kind: wholeNumber,
    schema: whole('a number of bytes from 1024 to 65536', 1024, 65_536),
    defaultValue: 5120,
    help: 'longest Client ID Metadata Document, in bytes',
    details: 'raise it for a client whose document the log refuses as too long',
  },
  localClients: {
    name: 'local-client',
    kind: list,
    schema: z.array(
      string.regex(/^[\x21-\x7E]+$/, { error: 'IDs of visible ASCII characters' }),
      strings,
    ),
    defaultText: 'none',
    help: 'ID of a client on this machine that is registered by hand; can be repeated',
    details:
      'public, with the grants `authorization_code` and `refresh_token`, and `/callback` on loopback as its redirect URI',
  },
  clients: {
    name: 'clients',
    kind: clientMetadata,
    // The engine checks the metadata when the server starts.
    schema: z.custom<readonly ClientMetadata[]>(Array.isArray, { error: 'a list of clients' }),
    defaultValue: [],
    defaultText: 'none',
    help: 'clients that are registered by hand',
    details: '[see below](#clients-that-are-registered-by-hand)',
  },
}

/** A setting with the option it sets. */
export interface NamedSetting extends Setting<unknown> {
  readonly option: keyof ConfigurableOptions
}

/** Every setting, in the order of the help text. */
export const settings: readonly NamedSetting[] = Object.entries(settingsTable).map(
  ([option, setting]) => ({ ...setting, option: option as keyof ConfigurableOptions }),
)

/** The default of a setting in words. `undefined`: the setting has none. */
export function defaultOf({ defaultText, defaultValue }: Setting<unknown>): string | undefined {
  if (defaultText !== undefined) return defaultText
  return defaultValue === undefined ? undefined : [defaultValue].flat().map(String).join(' ')
}
