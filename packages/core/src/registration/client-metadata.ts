import { ProtocolError } from '../lib/errors.ts'
import { readString, readStringList } from '../metadata/json-members.ts'
import { parseRedirectUri } from './redirect-uri.ts'
import { isRecord, showRemote } from '../lib/remote-text.ts'
import { deviceCodeGrantType } from './device-grant-type.ts'
import { formatScope, readScope } from '../scope/scope.ts'

/**
 * Client metadata, with the member names of the wire.
 *
 * @see RFC 7591 §2, OpenID Connect Dynamic Client Registration §2 (`application_type`)
 */
export interface ClientMetadata {
  readonly client_name?: string
  readonly redirect_uris: readonly [string, ...string[]]
  readonly grant_types: readonly string[]
  readonly response_types: readonly string[]
  readonly token_endpoint_auth_method: string
  readonly application_type?: 'native' | 'web'
  readonly scope?: string
  readonly client_uri?: string
  readonly logo_uri?: string
  readonly policy_uri?: string
  readonly tos_uri?: string
  readonly software_id?: string
  readonly software_version?: string
  readonly jwks_uri?: string
}

/** The required description of a client. */
export interface ClientDescription {
  readonly name: string
  readonly redirectUris: readonly [string, ...string[]]
}

/** Options of {@link buildClientMetadata}. */
export interface BuildClientMetadataOptions {
  /** Whether to declare the `refresh_token` grant. Default `true`. */
  readonly wantsRefreshToken?: boolean | undefined
  /** Whether to declare the device grant, too (RFC 8628). Default `false`. */
  readonly usesDeviceGrant?: boolean | undefined
  /** Default: `web` if a redirect URI is `https`, otherwise `native` (C-38). */
  readonly applicationType?: 'native' | 'web' | undefined
  /** Default `none`, for a public client. */
  readonly tokenEndpointAuthMethod?: string | undefined
  /** All scope that the client may request. Some servers allow no other. Default: left out. */
  readonly scope?: readonly string[] | undefined
  readonly clientUri?: string | undefined
  readonly logoUri?: string | undefined
  readonly softwareId?: string | undefined
  readonly softwareVersion?: string | undefined
}

/**
 * Builds client metadata for dynamic registration or a Client ID Metadata Document. It lists the
 * `refresh_token` grant, and always has an `application_type`: without it, OpenID Providers assume a
 * web client and reject its loopback redirect URI.
 *
 * @throws {ProtocolError} `CLIENT_METADATA_INVALID` or `SCOPE_INVALID`.
 * @see RFC 7591 §3.1
 */
export function buildClientMetadata(
  client: ClientDescription,
  options: BuildClientMetadataOptions = {},
): ClientMetadata {
  const kinds = client.redirectUris.map((uri) => parseRedirectUri(uri))
  const scope = formatScope(options.scope ?? [])
  return {
    client_name: client.name,
    redirect_uris: client.redirectUris,
    grant_types: [
      'authorization_code',
      ...(options.wantsRefreshToken === false ? [] : ['refresh_token']),
      ...(options.usesDeviceGrant === true ? [deviceCodeGrantType] : []),
    ],
    response_types: ['code'],
    token_endpoint_auth_method: options.tokenEndpointAuthMethod ?? 'none',
    application_type: options.applicationType ?? (kinds.includes('https') ? 'web' : 'native'),
    ...(scope === undefined ? {} : { scope }),
    ...(options.clientUri === undefined ? {} : { client_uri: options.clientUri }),
    ...(options.logoUri === undefined ? {} : { logo_uri: options.logoUri }),
    ...(options.softwareId === undefined ? {} : { software_id: options.softwareId }),
    ...(options.softwareVersion === undefined ? {} : { software_version: options.softwareVersion }),
  }
}

const optionalTexts = [
  'client_name',
  'client_uri',
  'logo_uri',
  'policy_uri',
  'tos_uri',
  'software_id',
  'software_version',
  'jwks_uri',
] as const

/**
 * Validates client metadata from a registration request or a Client ID Metadata Document. Absent
 * members get the defaults of RFC 7591 §2: a client without `grant_types` has not declared the
 * `refresh_token` grant.
 *
 * @throws {ProtocolError} `CLIENT_METADATA_INVALID`.
 */
export function parseClientMetadata(document: unknown): ClientMetadata {
  if (!isRecord(document)) throw invalid(`is ${showRemote(document)} (expected a JSON object)`)
  const refuse = (member: string, why: string): never => {
    throw invalid(`has a ${member} that ${why}`)
  }
  const [first, ...others] = readStringList(document, 'redirect_uris', refuse) ?? []
  if (first === undefined) throw invalid('has no redirect_uris')
  for (const uri of [first, ...others]) parseRedirectUri(uri)
  const scope = formatScope(readScope(readString(document, 'scope', refuse)).tokens)
  const applicationType = readString(document, 'application_type', refuse)
  if (applicationType !== undefined && applicationType !== 'native' && applicationType !== 'web') {
    throw invalid(
      `has the application_type ${showRemote(applicationType)} (expected native or web)`,
    )
  }
  const texts: Partial<Record<(typeof optionalTexts)[number], string>> = {}
  for (const member of optionalTexts) {
    const text = readString(document, member, refuse)
    if (text !== undefined) texts[member] = text
  }
  return {
    ...texts,
    redirect_uris: [first, ...others],
    grant_types: readStringList(document, 'grant_types', refuse) ?? ['authorization_code'],
    response_types: readStringList(document, 'response_types', refuse) ?? ['code'],
    token_endpoint_auth_method:
      readString(document, 'token_endpoint_auth_method', refuse) ?? 'client_secret_basic',
    ...(applicationType === undefined ? {} : { application_type: applicationType }),
    ...(scope === undefined ? {} : { scope }),
  }
}

function invalid(what: string): ProtocolError {
  return new ProtocolError(
    'CLIENT_METADATA_INVALID',
    `The client metadata ${what}. Correct the metadata.`,
  )
}
