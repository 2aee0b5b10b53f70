import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import type { ClientMetadata, RegistrationResponse } from '@evergrant/core/registration'
import { parseRetryAfter, ProtocolError, readScope } from '@evergrant/core'
import {
  buildClientMetadata,
  explainRegistrationError,
  parseRegistrationResponse,
} from '@evergrant/core/registration'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { EvergrantClientError, quote, quoteWords } from '../lib/errors.ts'
import type { HttpOptions } from './http.ts'
import { boundedFetch, followingRedirects, parseJson } from './http.ts'
import { asUnavailable } from './unavailable.ts'
import { registeredRedirectUri } from './registered-redirect-uri.ts'
import type { ClientConfiguration, ClientRegistration } from './registration.ts'
import { secretAuthMethod } from './registration.ts'

/** Options of a registration request. */
export interface RegisterClientOptions extends HttpOptions {
  /**
   * The scope to register. Default: none, because some servers refuse a registration that names
   * scope. Others then register a default scope and refuse every other.
   */
  readonly scope?: string | undefined
  /** Whether to register for the device grant, too (RFC 8628). Default `false`. */
  readonly usesDeviceGrant?: boolean | undefined
  readonly clock?: Clock | undefined
}

/**
 * Registers a new client (RFC 7591).
 *
 * @throws EvergrantClientError `REGISTRATION_FAILED` with the next step; `TEMPORARILY_UNAVAILABLE`;
 *   `INVALID_OPTION`
 */
export async function registerDynamically(
  authorizationServer: AuthorizationServerMetadata,
  client: ClientConfiguration,
  redirectUri: string,
  options: RegisterClientOptions = {},
): Promise<ClientRegistration> {
  const { issuer, registration_endpoint: endpoint } = authorizationServer
  if (endpoint === undefined) {
    throw new EvergrantClientError(
      'REGISTRATION_FAILED',
      `The client could not be registered: the authorization server ${quote(issuer)} does not support dynamic client registration. Register a client there with the redirect URI ${redirectUri}, and configure its client ID for this issuer (option client.preRegistered, or --client-id with --issuer).`,
    )
  }
  const { clock = systemClock } = options
  const metadata = describeClient(authorizationServer, client, redirectUri, options)
  let response: Response
  try {
    response = await followingRedirects(boundedFetch(options))(endpoint, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(metadata),
    })
  } catch (error) {
    throw asUnavailable(error, 'The client could not be registered')
  }
  const text = await response.text()
  const body = parseJson(text)
  const now = clock.nowEpochSeconds()
  if (!response.ok) throw refusal(endpoint, response, body ?? text, now)
  const registered = readRegistration(endpoint, response, body)
  return {
    ...registrationOf(issuer, registered, options.scope),
    redirectUri: registeredRedirectUri(registered.redirect_uris, redirectUri, endpoint),
    ...(options.usesDeviceGrant === true ? { usesDeviceGrant: true } : {}),
    registeredAtEpochSeconds: now,
  }
}

const temporaryStatuses: ReadonlySet<number> = new Set([408, 425, 429])

function refusal(
  endpoint: string,
  { status, headers }: Response,
  body: unknown,
  nowEpochSeconds: number,
): EvergrantClientError {
  const isTemporary = status >= 500 || temporaryStatuses.has(status)
  const retryAfterSeconds = isTemporary
    ? parseRetryAfter(headers.get('retry-after'), { nowEpochSeconds })
    : undefined
  const { explanation, oauthError, oauthErrorDescription } = explainRegistrationError(
    status,
    body,
    {
      contentType: headers.get('content-type'),
      location: headers.get('location'),
      retryAfterSeconds,
    },
  )
  const message = `The client could not be registered at ${endpoint}. ${explanation}`
  return new EvergrantClientError(
    isTemporary ? 'TEMPORARILY_UNAVAILABLE' : 'REGISTRATION_FAILED',
    message,
    {
      oauthError,
      oauthErrorDescription,
      retryAfterSeconds,
    },
  )
}

function readRegistration(
  endpoint: string,
  { status, headers }: Response,
  body: unknown,
): RegistrationResponse {
  try {
    return parseRegistrationResponse(body)
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    const { oauthError, oauthErrorDescription } = explainRegistrationError(status, body)
    const words = quoteWords(oauthError, oauthErrorDescription)
    const type = quote(headers.get('content-type') ?? 'no content type', 60)
    throw new EvergrantClientError(
      'REGISTRATION_FAILED',
      `The client could not be registered: ${endpoint} answered with status ${status} and ${type}. ${error.message}${words === '' ? '' : ` The server says ${words}.`}`,
      { cause: error, oauthError, oauthErrorDescription },
    )
  }
}

function describeClient(
  authorizationServer: AuthorizationServerMetadata,
  client: ClientConfiguration,
  redirectUri: string,
  { scope, usesDeviceGrant }: RegisterClientOptions,
): ClientMetadata {
  try {
    return buildClientMetadata(
      { name: client.name, redirectUris: [redirectUri] },
      {
        wantsRefreshToken: client.wantsRefreshToken ?? true,
        usesDeviceGrant,
        applicationType: client.applicationType,
        tokenEndpointAuthMethod: preferredAuthMethod(authorizationServer),
        scope: readScope(scope).tokens,
        clientUri: client.clientUri,
        softwareId: client.softwareId,
        softwareVersion: client.softwareVersion,
      },
    )
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    throw new EvergrantClientError('INVALID_OPTION', error.message, { cause: error })
  }
}

/** The registration as the server made it, which may differ from the request (C-43). */
function registrationOf(
  issuer: string,
  registered: RegistrationResponse,
  requestedScope: string | undefined,
): ClientRegistration {
  const { client_id, client_secret, client_secret_expires_at } = registered
  const scope = registered.scope ?? requestedScope
  return {
    issuer,
    clientId: client_id,
    ...(client_secret === undefined ? {} : { clientSecret: client_secret }),
    tokenEndpointAuthMethod: registeredAuthMethod(registered),
    origin: 'dynamic',
    ...(scope === undefined ? {} : { scope }),
    ...(client_secret_expires_at === undefined
      ? {}
      : { secretExpiresAtEpochSeconds: client_secret_expires_at }),
  }
}

/** A public client if the server allows one, otherwise a method that the server supports. */
function preferredAuthMethod(
  authorizationServer: AuthorizationServerMetadata,
): ClientRegistration['tokenEndpointAuthMethod'] {
  const supported = authorizationServer.token_endpoint_auth_methods_supported
  if (supported === undefined || supported.includes('none')) return 'none'
  return secretAuthMethod(authorizationServer, true)
}

/** RFC 7591 §2: a client with a secret and no registered method uses HTTP Basic. */
function registeredAuthMethod({
  client_secret,
  token_endpoint_auth_method: method = 'client_secret_basic',
}: RegistrationResponse): ClientRegistration['tokenEndpointAuthMethod'] {
  if (client_secret === undefined || method === 'none') return 'none'
  return method === 'client_secret_post' ? 'client_secret_post' : 'client_secret_basic'
}

/**
 * Whether the client may register itself at a server. A client that was configured for one issuer is
 * not silently replaced by another client at another issuer (C-40).
 *
 * @throws EvergrantClientError `REGISTRATION_FAILED`, which names the issuers
 */
export function assertDynamicRegistration(issuer: string, client: ClientConfiguration): void {
  const configured = Object.entries(client.preRegistered ?? {})
  if (client.dynamicRegistration ?? configured.length === 0) return
  const where = `the MCP server uses the authorization server ${quote(issuer)}`
  const found =
    configured.length === 0
      ? 'the option client.dynamicRegistration is false'
      : `a client is configured only for ${configured.map(([other, { clientId }]) => `${quote(other)} (client ${quote(clientId)})`).join(', ')}`
  throw new EvergrantClientError(
    'REGISTRATION_FAILED',
    `The client could not be registered: ${where}, and ${found}. Configure a client for ${quote(issuer)} (option client.preRegistered, or --client-id with --issuer), or let the client register itself there (option client.dynamicRegistration, or --dynamic-registration).`,
  )
}
