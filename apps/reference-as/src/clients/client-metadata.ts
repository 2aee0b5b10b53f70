import { isLocalRedirectUri } from '@evergrant/authorization-server'
import { parseRedirectUri, ProtocolError } from '@evergrant/core'
import { errors } from 'oidc-provider'
import type { ClientMetadata, KoaContextWithOIDC } from 'oidc-provider'
import { isLoopbackUrl } from '../http/addresses.ts'
import type { ServerSettings } from '../settings/options.ts'

/** Bounds of a registration: every client can send one, and it is stored. */
const longestRegistration = 16 * 1024
const longestName = 200
const longestText = 1024
const mostEntries = 20

/**
 * What registration bodies and metadata documents say, brought to what this server can honour
 * (RFC 7591 §2: a server may replace requested values, and says so in its answer).
 *
 * @param ctx - The registration request; `undefined` for clients that are stored, configured, or
 *   known by a metadata document.
 */
export function settleClientMetadata(
  metadata: ClientMetadata,
  settings: ServerSettings,
  ctx: KoaContextWithOIDC | undefined,
): void {
  const isConfigured = settings.clients.some((one) => one.client_id === metadata.client_id)
  if (!isConfigured) {
    if (ctx?.oidc.route === 'registration') assertRegistration(ctx.oidc.body)
    else metadata.redirect_uris = list(metadata.redirect_uris).filter((uri) => isRedirectUri(uri))
    // The sign-out endpoint redirects a user who is not signed in without asking.
    metadata['post_logout_redirect_uris'] = []
    // The engine fetches this URL, for pairwise subjects, which this server does not offer. A
    // registration could make it send requests to any host.
    delete metadata['sector_identifier_uri']
  }
  if (settings.demo) keepOnThisMachine(metadata)
  normalizeClient(metadata, settings.preset === 'never')
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

/** As JSON. What is nested too deeply to be written is endless. */
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

/** RFC 6749 §5.2 allows no quotes and no characters beyond ASCII in a description. */
function refuse(description: string): never {
  throw new errors.InvalidClientMetadata(description.replaceAll(/[^ !#-[\]-~]/g, "'"))
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function normalizeClient(metadata: ClientMetadata, neverIssues: boolean): void {
  // Clients list every grant type they know; one that is not offered here must not bar them.
  const offered = neverIssues ? ['authorization_code'] : ['authorization_code', 'refresh_token']
  if (Array.isArray(metadata.grant_types)) {
    metadata.grant_types = metadata.grant_types.filter((type) => offered.includes(type))
  }
  // As an allow-list it would freeze a client at the scopes of its first challenge and make every
  // step-up fail. What a client gets is the user's decision, each time.
  delete metadata.scope
  // RFC 8252 §7.1, §7.3: private-use schemes, and loopback redirects from any port, are what the
  // engine grants to native clients only. Many do not say that they are one, or say `web`.
  const uris = list(metadata.redirect_uris).filter((uri) => typeof uri === 'string')
  const plain = uris.filter((uri) => uri.startsWith('http:'))
  if (uris.some((uri) => isLocalRedirectUri(uri)) && plain.every((uri) => isLoopbackUrl(uri))) {
    metadata.application_type = 'native'
  }
  // A metadata document cannot hold a secret, so silence about authentication means none.
  if (
    metadata.client_id?.startsWith('https:') &&
    metadata.client_secret === undefined &&
    metadata.token_endpoint_auth_method === 'client_secret_basic'
  ) {
    metadata.token_endpoint_auth_method = 'none'
  }
}

/**
 * Leaves out redirect URIs of websites, and refuses clients that have no others. The demo approves
 * by itself: any website that a developer opens could send its visitor here for tokens.
 */
function keepOnThisMachine(metadata: ClientMetadata): void {
  const uris: unknown = metadata.redirect_uris
  if (!Array.isArray(uris)) return
  const kept = uris.filter((uri: unknown) => typeof uri !== 'string' || isLocalRedirectUri(uri))
  if (uris.length > 0 && kept.length === 0) {
    throw new errors.InvalidClientMetadata(
      'redirect_uris must lead to this machine: the server runs as a demo and approves by itself',
    )
  }
  metadata.redirect_uris = kept
}
