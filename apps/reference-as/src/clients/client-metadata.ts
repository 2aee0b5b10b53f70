import { isLocalRedirectUri } from '@evergrant/authorization-server'
import { ProtocolError } from '@evergrant/core'
import { deviceCodeGrantType, parseRedirectUri } from '@evergrant/core/registration'
import { errors } from 'oidc-provider'
import type { ClientMetadata, KoaContextWithOIDC } from 'oidc-provider'
import { isLoopbackUrl } from '../http/addresses.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import { assertRegistrationOrigin } from './registration-cors.ts'

/** Bounds of a registration, because any client can send one and it is stored. */
const longestRegistration = 16 * 1024
const longestName = 200
const longestText = 1024
const mostEntries = 20

/**
 * Changes the metadata of registrations and metadata documents to what this server can honor
 * (RFC 7591 §2: a server may replace requested values, and its response says so).
 *
 * @param ctx - The registration request. `undefined` for clients that are stored, configured, or
 *   known by a metadata document.
 */
export function settleClientMetadata(
  metadata: ClientMetadata,
  settings: ServerSettings,
  ctx: KoaContextWithOIDC | undefined,
): void {
  const isConfigured = settings.clients.some((one) => one.client_id === metadata.client_id)
  if (!isConfigured) {
    if (ctx?.oidc.route === 'registration') {
      assertRegistration(ctx.oidc.body)
      assertRegistrationOrigin(ctx.headers, ctx.oidc.body)
    } else metadata.redirect_uris = list(metadata.redirect_uris).filter((uri) => isRedirectUri(uri))
    // The sign-out endpoint redirects a user who is not signed in without a prompt.
    metadata['post_logout_redirect_uris'] = []
    // The engine fetches this URL for pairwise subjects, which this server does not offer. A
    // registration could make it send requests to any host.
    delete metadata['sector_identifier_uri']
  }
  if (settings.demo) keepOnThisMachine(metadata)
  normalizeClient(metadata, settings)
}

/** @throws `errors.InvalidClientMetadata` of oidc-provider */
function assertRegistration(body: unknown): void {
  const length = lengthOf(body)
  if (length > longestRegistration) {
    refuse(`the registration has ${length} characters (at most ${longestRegistration})`)
  }
  for (const [name, value] of Object.entries(Object(body))) {
    const longest = name === 'client_name' ? longestName : longestText
    const entries: unknown[] = [value].flat()
    if (entries.length > mostEntries) {
      refuse(`${name.slice(0, 40)} has ${entries.length} entries (at most ${mostEntries})`)
    }
    const text = entries.find((one) => typeof one === 'string' && one.length > longest)
    if (typeof text === 'string') {
      refuse(`${name.slice(0, 40)} has ${text.length} characters (at most ${longest})`)
    }
  }
  for (const uri of list(Reflect.get(Object(body), 'redirect_uris'))) assertRedirectUri(uri)
}

/** The length as JSON. Infinite for a value that is nested too deeply to serialize. */
function lengthOf(value: unknown): number {
  try {
    return JSON.stringify(value)?.length ?? 0
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

function assertRedirectUri(uri: unknown): void {
  try {
    parseRedirectUri(uri)
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    refuse(`redirect_uris: ${error.message}`)
  }
}

function isRedirectUri(uri: unknown): uri is string {
  try {
    assertRedirectUri(uri)
    return true
  } catch {
    return false
  }
}

/** RFC 6749 §5.2 allows only ASCII without quotes and backslashes in a description. */
function refuse(description: string): never {
  throw new errors.InvalidClientMetadata(description.replaceAll(/[^ !#-[\]-~]/g, "'"))
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function normalizeClient(metadata: ClientMetadata, { policy, emulation }: ServerSettings): void {
  // Clients list every grant type they support. An unsupported one must not exclude them.
  const offered = new Set([
    'authorization_code',
    ...(policy === 'never' ? [] : ['refresh_token']),
    ...(emulation.deviceGrant ? [deviceCodeGrantType] : []),
  ])
  if (Array.isArray(metadata.grant_types)) {
    metadata.grant_types = metadata.grant_types.filter((type) => offered.has(type))
  }
  // As an allow-list it would limit a client to the scopes of its first challenge, and every step-up
  // would fail. The user decides at each authorization.
  delete metadata.scope
  // RFC 8252 §7.1, §7.3: the engine allows private-use schemes and loopback redirects with any port
  // for native clients only. Many native clients do not declare that, or declare `web`.
  const uris = list(metadata.redirect_uris).filter((uri) => typeof uri === 'string')
  const plain = uris.filter((uri) => uri.startsWith('http:'))
  if (uris.some((uri) => isLocalRedirectUri(uri)) && plain.every((uri) => isLoopbackUrl(uri))) {
    metadata.application_type = 'native'
  }
  // A metadata document cannot contain a secret, so the default authentication method is none.
  if (
    metadata.client_id?.startsWith('https:') &&
    metadata.client_secret === undefined &&
    metadata.token_endpoint_auth_method === 'client_secret_basic'
  ) {
    metadata.token_endpoint_auth_method = 'none'
  }
}

/**
 * Removes redirect URIs of websites, and refuses clients without others. The demo approves
 * automatically, so any website that a developer opens could get tokens.
 */
function keepOnThisMachine(metadata: ClientMetadata): void {
  const uris: unknown = metadata.redirect_uris
  if (!Array.isArray(uris)) return
  const kept = uris.filter((uri: unknown) => typeof uri !== 'string' || isLocalRedirectUri(uri))
  if (uris.length > 0 && kept.length === 0) {
    throw new errors.InvalidClientMetadata(
      'redirect_uris must lead to this machine, because the server runs as a demo and approves automatically',
    )
  }
  metadata.redirect_uris = kept
}
