import type { ClientConfiguration, PreRegisteredClient, SignInPreferences } from '@evergrant/client'
import type { LoopbackSignInOptions } from '@evergrant/client/loopback'
import { relateResource } from '@evergrant/core/metadata'
import { isLoopbackHost, parseEndpoint } from '@evergrant/core/network'
import { standardProfile } from '@evergrant/core/providers'
import type { ProviderProfile } from '@evergrant/core/providers'
import { serverFacts } from '../../connection/sign-in-flags.ts'
import type { ServerFacts } from '../../connection/sign-in-flags.ts'
import type { CliEnvironment } from '../../lib/environment.ts'
import { CliError } from '../../lib/errors.ts'
import type { HttpLimits } from '../remote/node-http.ts'
import { readClientInfo, readClientMetadata } from './client.ts'
import { readHeaderFlags, resolveHeaders } from './headers.ts'
import type { WrittenHeader } from './headers.ts'
import { mcpRemoteHash, mcpRemotePort } from '../../mcp-remote/store-names.ts'
import type { ProxyFlags, TransportStrategy } from './table.ts'
import { commandName, displayName } from '../../names.ts'

/** How the user signs in, and as which client. */
export interface SignInSettings {
  readonly facts: ServerFacts
  /** A client for the first authorization server that the MCP server names. */
  readonly client: PreRegisteredClient | undefined
  readonly clientMetadataUrl: string | undefined
  readonly preferences: SignInPreferences
  /** Keeps sign-ins with different parameters apart; `undefined` without such parameters. */
  readonly separateProfile: string | undefined
  readonly method: 'browser' | 'headless' | 'device' | 'client-credentials'
  readonly opensBrowser: boolean
  readonly callback: Pick<LoopbackSignInOptions, 'host' | 'port' | 'path' | 'redirectUri'>
  readonly timeoutSeconds: number
  readonly waitSeconds: number
  /** Members of `--static-oauth-client-metadata` that have no effect. */
  readonly ignoredMetadata: readonly string[]
}

/** What the options say. */
export interface ProxySettings {
  readonly serverUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly limits: HttpLimits
  readonly ipv4Only: boolean
  readonly cookies: boolean
  readonly transport: TransportStrategy
  readonly bridgesVersions: boolean
  readonly ignoredTools: readonly string[]
  readonly pingSeconds: number | undefined
  readonly verbosity: 'debug' | 'normal' | 'silent'
  /** Absent if the proxy never signs in. */
  readonly signIn: SignInSettings | undefined
}

const defaults = {
  connectTimeout: 10,
  headersTimeout: 300,
  bodyTimeout: 0,
  pingInterval: 30,
  authTimeout: 300,
  signInWait: 5,
} as const

/**
 * Reads the options of the proxy.
 *
 * @throws CliError `USAGE`
 */
export async function readSettings(
  serverUrl: string,
  port: number | undefined,
  flags: ProxyFlags,
  env: CliEnvironment['env'],
): Promise<ProxySettings> {
  checkServerUrl(serverUrl, flags.allowHttp === true)
  const written = await readHeaderFlags(flags.header ?? [], flags.headerFile ?? [])
  const headers = resolveHeaders(written, env)
  const isPlainHttp = isInsecure(serverUrl)
  const signsIn = !('authorization' in headers) && !isPlainHttp
  const connectTimeout = flags.connectTimeout ?? defaults.connectTimeout
  return {
    serverUrl,
    headers,
    limits: {
      connectTimeoutMilliseconds: connectTimeout * 1000,
      headersTimeoutMilliseconds: (flags.headersTimeout ?? defaults.headersTimeout) * 1000,
      bodyTimeoutMilliseconds: (flags.bodyTimeout ?? defaults.bodyTimeout) * 1000,
    },
    ipv4Only: flags.ipv4 === true,
    cookies: flags.disableCookies !== true,
    transport: flags.transport ?? 'http-first',
    bridgesVersions: flags.protocol !== 'legacy',
    ignoredTools: flags.ignoreTool ?? [],
    pingSeconds:
      flags.pingInterval ?? (flags.keepAlive === true ? defaults.pingInterval : undefined),
    verbosity: flags.debug === true ? 'debug' : flags.silent === true ? 'silent' : 'normal',
    signIn: signsIn ? await readSignIn(serverUrl, port, flags, written, env) : undefined,
  }
}

async function readSignIn(
  serverUrl: string,
  port: number | undefined,
  flags: ProxyFlags,
  headers: readonly WrittenHeader[],
  env: CliEnvironment['env'],
): Promise<SignInSettings> {
  const resource = flags.resource === '' ? undefined : flags.resource
  checkResource(resource, serverUrl)
  const parameters = readParameters(flags.authorizeParam ?? [])
  const facts = serverFacts({ ...flags, resource }, env)
  const given = flags.staticOauthClientInfo
  const client = given === undefined ? undefined : await readClientInfo(given, env)
  const metadata = flags.staticOauthClientMetadata
  const { scope, ignored } =
    metadata === undefined
      ? { scope: undefined, ignored: [] }
      : await readClientMetadata(metadata, env)
  const { clientMetadataUrl } = flags
  const hash = mcpRemoteHash({
    serverUrl,
    resource,
    authorizeParams: parameters,
    headers,
    clientMetadataUrl,
  })
  const isRegisteredByHand = client !== undefined || clientMetadataUrl !== undefined
  const isSeparate = resource !== undefined || Object.keys(parameters).length > 0
  return {
    facts:
      client === undefined || flags.issuer === undefined
        ? facts
        : { ...facts, preRegistered: { [flags.issuer]: client } },
    client: flags.issuer === undefined ? client : undefined,
    clientMetadataUrl,
    preferences: preferencesOf(flags, facts, parameters, scope),
    separateProfile: isSeparate ? `mcp-remote-${hash.slice(0, 12)}` : undefined,
    method: methodOf(flags),
    opensBrowser: flags.browser !== false,
    callback: callbackOf(flags, port, isRegisteredByHand ? mcpRemotePort(hash) : undefined),
    timeoutSeconds: flags.authTimeout ?? defaults.authTimeout,
    waitSeconds: flags.signInWait ?? defaults.signInWait,
    ignoredMetadata: ignored,
  }
}

function methodOf(flags: ProxyFlags): SignInSettings['method'] {
  if (flags.clientCredentials === true) return 'client-credentials'
  if (flags.deviceCode === true) return 'device'
  return flags.headless === true ? 'headless' : 'browser'
}

/** A client that is registered by hand was registered with the redirect URI of mcp-remote. */
function callbackOf(
  flags: ProxyFlags,
  port: number | undefined,
  derivedPort: number | undefined,
): SignInSettings['callback'] {
  if (flags.redirectUri !== undefined) return { redirectUri: flags.redirectUri }
  const host = flags.host ?? flags.callbackHost
  const chosenPort = port ?? flags.callbackPort
  if (derivedPort === undefined) return { host, port: chosenPort, path: flags.callbackPath }
  return {
    host: host ?? (process.platform === 'win32' ? '127.0.0.1' : 'localhost'),
    port: chosenPort ?? derivedPort,
    path: flags.callbackPath ?? '/oauth/callback',
  }
}

function preferencesOf(
  flags: ProxyFlags,
  facts: ServerFacts,
  parameters: Readonly<Record<string, string>>,
  scope: string | undefined,
): SignInPreferences {
  const { prompt, ...others } = parameters
  const omitsResource = flags.disableResourceParameter === true || flags.resource === ''
  const changesProfile = omitsResource || Object.keys(others).length > 0
  const base = facts.preferences.profile ?? standardProfile
  const profile: ProviderProfile = {
    ...base,
    ...(omitsResource ? { resourceParameter: 'omit' as const } : {}),
    refreshTokenParameters: {
      ...base.refreshTokenParameters,
      ...others,
      ...(prompt === undefined || prompt === 'consent' ? {} : { prompt }),
    },
  }
  const scopes = [flags.scope, scope].filter((one) => one !== undefined).join(' ')
  return {
    ...facts.preferences,
    ...(changesProfile || (prompt !== undefined && prompt !== 'consent') ? { profile } : {}),
    ...(prompt === undefined ? {} : { prompt: prompt === 'consent' ? 'consent' : 'never' }),
    ...(scopes === '' ? {} : { additionalScope: scopes }),
  }
}

/** Parameters that each request derives. */
const derivedParameters: ReadonlySet<string> = new Set([
  'client_id',
  'redirect_uri',
  'response_type',
  'state',
  'code_challenge',
  'code_challenge_method',
  'scope',
  'resource',
])

/** Reads `--authorize-param`. */
export function readParameters(given: readonly string[]): Readonly<Record<string, string>> {
  const parameters: Record<string, string> = {}
  for (const one of given) {
    const separator = one.indexOf('=')
    const name = one.slice(0, Math.max(separator, 0)).trim()
    if (name === '') {
      throw new CliError(
        'USAGE',
        `The option --authorize-param cannot be used: ${JSON.stringify(one)} is not name=value. Correct it.`,
      )
    }
    if (derivedParameters.has(name)) {
      const other = { scope: ' Use --scope.', resource: ' Use --resource.' }[name] ?? ''
      throw new CliError(
        'USAGE',
        `The option --authorize-param cannot set ${JSON.stringify(name)}: each request derives it.${other} Remove it.`,
      )
    }
    parameters[name] = one.slice(separator + 1)
  }
  return parameters
}

function checkResource(resource: string | undefined, serverUrl: string): void {
  if (resource === undefined) return
  if (URL.canParse(resource) && relateResource(resource, serverUrl) !== 'different') return
  throw new CliError(
    'USAGE',
    `The option --resource cannot be used: ${JSON.stringify(resource)} does not cover ${serverUrl} (expected its URL, or a shorter one on the same origin). To use several accounts at one server, pass --profile <name> instead.`,
  )
}

/**
 * Checks the URL of the MCP server. Without sign-in, it may be http on other hosts.
 *
 * @throws CliError `USAGE`, ProtocolError
 */
export function checkServerUrl(serverUrl: string, allowsHttp: boolean): void {
  if (!allowsHttp) {
    parseEndpoint(serverUrl, 'The MCP server URL')
    return
  }
  const isHttp = URL.canParse(serverUrl) && /^https?:$/.test(new URL(serverUrl).protocol)
  if (isHttp) return
  throw new CliError(
    'USAGE',
    `The MCP server URL cannot be used: ${JSON.stringify(serverUrl)} (expected an http or https URL). Correct it.`,
  )
}

function isInsecure(serverUrl: string): boolean {
  const { protocol, hostname } = new URL(serverUrl)
  return protocol === 'http:' && !isLoopbackHost(hostname)
}

/** The client, as the session describes it. */
export function clientOf(
  { facts, clientMetadataUrl }: SignInSettings,
  registered: Readonly<Record<string, PreRegisteredClient>> | undefined,
  version: string,
): ClientConfiguration {
  const preRegistered = registered ?? facts.preRegistered
  return {
    name: displayName,
    softwareId: commandName,
    softwareVersion: version,
    ...(preRegistered === undefined ? {} : { preRegistered }),
    ...(clientMetadataUrl === undefined ? {} : { clientIdMetadataUrl: clientMetadataUrl }),
    dynamicRegistration: facts.dynamicRegistration,
  }
}
