import type {
  AuthorizationServerMetadata,
  ClientMetadata,
  RegistrationResponse,
} from '@evergrant/core'
import {
  buildClientMetadata,
  explainRegistrationError,
  isClientIdMetadataUrl,
  isSameIssuer,
  parseRegistrationResponse,
  ProtocolError,
} from '@evergrant/core'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import type { HttpOptions } from './http.ts'
import { asUnavailable, boundedFetch, parseJson } from './http.ts'

/** The registration of a client at one authorization server. It is used nowhere else (C-39). */
export interface ClientRegistration {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: string
  readonly tokenEndpointAuthMethod: 'none' | 'client_secret_basic' | 'client_secret_post'
  /** How the client was registered, in the order in which the ways are tried (C-37). */
  readonly origin: 'pre-registered' | 'client-id-metadata-document' | 'dynamic'
  /** The registered redirect URI. Servers that compare exactly accept no other. */
  readonly redirectUri?: string
  /** When the secret expires; absent if it does not. */
  readonly secretExpiresAtEpochSeconds?: number
}

/** A registration that an operator made at an authorization server. */
export interface PreRegisteredClient {
  readonly clientId: string
  readonly clientSecret?: string
  /** Default: a method that the server supports, preferably `client_secret_basic`. */
  readonly tokenEndpointAuthMethod?: 'none' | 'client_secret_basic' | 'client_secret_post'
}

/** The client, as it describes itself to authorization servers. */
export interface ClientConfiguration {
  /** The name that the consent page shows to the user. */
  readonly name: string
  /** Registrations that an operator made, by issuer. */
  readonly preRegistered?: Readonly<Record<string, PreRegisteredClient>>
  /**
   * The `https` URL of the metadata document of the client. It is the `client_id` if the server
   * supports that. The document lists the redirect URIs and declares the `refresh_token` grant.
   */
  readonly clientIdMetadataUrl?: string
  /** Default: `native` unless the redirect URI is an `https` one. */
  readonly applicationType?: 'native' | 'web'
  /** Default `true`: declare the `refresh_token` grant (C-01). */
  readonly wantsRefreshToken?: boolean
  readonly clientUri?: string
  readonly softwareId?: string
  readonly softwareVersion?: string
}

/**
 * Gets a client ID for an authorization server, in the order of the specification (C-37):
 * pre-registered, metadata document, dynamic registration.
 *
 * @throws EvergrantClientError `REGISTRATION_FAILED` with the next step; `TEMPORARILY_UNAVAILABLE`;
 *   `INVALID_OPTION` for a redirect URI that no server should accept.
 */
export async function registerClient(
  authorizationServer: AuthorizationServerMetadata,
  client: ClientConfiguration,
  redirectUri: string,
  options: HttpOptions = {},
): Promise<ClientRegistration> {
  const { issuer } = authorizationServer
  const given = standingRegistration(authorizationServer, client)
  if (given !== undefined) return given
  const endpoint = authorizationServer.registration_endpoint
  if (endpoint === undefined) {
    throw new EvergrantClientError(
      'REGISTRATION_FAILED',
      `The client could not be registered: the authorization server ${quote(issuer)} does not support dynamic client registration. Register a client there with the redirect URI ${redirectUri}, and configure its client ID for this issuer.`,
    )
  }
  const metadata = describeClient(authorizationServer, client, redirectUri)
  let response: Response
  try {
    response = await boundedFetch(options)(endpoint, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(metadata),
    })
  } catch (error) {
    throw asUnavailable(error, 'The client could not be registered')
  }
  const body = parseJson(await response.text())
  if (response.status >= 500 || response.status === 429) {
    throw new EvergrantClientError(
      'TEMPORARILY_UNAVAILABLE',
      `The client could not be registered: ${endpoint} answered with status ${response.status}. Try again later.`,
    )
  }
  if (!response.ok) {
    const { explanation, oauthError } = explainRegistrationError(response.status, body)
    throw new EvergrantClientError('REGISTRATION_FAILED', explanation, { oauthError })
  }
  return dynamicRegistration(issuer, redirectUri, metadata.token_endpoint_auth_method, body)
}

function describeClient(
  authorizationServer: AuthorizationServerMetadata,
  client: ClientConfiguration,
  redirectUri: string,
): ClientMetadata {
  try {
    return buildClientMetadata(
      { name: client.name, redirectUris: [redirectUri] },
      {
        wantsRefreshToken: client.wantsRefreshToken ?? true,
        applicationType: client.applicationType,
        tokenEndpointAuthMethod: preferredAuthMethod(authorizationServer),
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

/** The registration that an operator made at an issuer. The slash of an empty path makes no difference. */
export function preRegisteredFor(
  { preRegistered = {} }: ClientConfiguration,
  issuer: string,
): PreRegisteredClient | undefined {
  const [, given] =
    Object.entries(preRegistered).find(([one]) => one === issuer) ??
    Object.entries(preRegistered).find(([one]) => isSameIssuer(one, issuer)) ??
    []
  return given
}

/**
 * The registration that needs no request: a pre-registered client, or a metadata document that the
 * server fetches.
 */
export function standingRegistration(
  authorizationServer: AuthorizationServerMetadata,
  client: ClientConfiguration,
): ClientRegistration | undefined {
  const { issuer } = authorizationServer
  const given = preRegisteredFor(client, issuer)
  if (given !== undefined) {
    return {
      issuer,
      clientId: given.clientId,
      ...(given.clientSecret === undefined ? {} : { clientSecret: given.clientSecret }),
      tokenEndpointAuthMethod:
        given.tokenEndpointAuthMethod ??
        secretAuthMethod(authorizationServer, given.clientSecret !== undefined),
      origin: 'pre-registered',
    }
  }
  const url = client.clientIdMetadataUrl
  if (url === undefined || authorizationServer.client_id_metadata_document_supported !== true) {
    return undefined
  }
  if (!isClientIdMetadataUrl(url)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The option "clientIdMetadataUrl" cannot be used: ${quote(url)} (expected an https URL with a path, and without fragment, credentials or dot segments). Correct it.`,
    )
  }
  return {
    issuer,
    clientId: url,
    tokenEndpointAuthMethod: 'none',
    origin: 'client-id-metadata-document',
  }
}

function dynamicRegistration(
  issuer: string,
  redirectUri: string,
  requestedAuthMethod: string,
  body: unknown,
): ClientRegistration {
  let registered: RegistrationResponse
  try {
    registered = parseRegistrationResponse(body)
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    throw new EvergrantClientError('REGISTRATION_FAILED', error.message, { cause: error })
  }
  const { client_id, client_secret, client_secret_expires_at } = registered
  const method = registered.token_endpoint_auth_method ?? requestedAuthMethod
  return {
    issuer,
    clientId: client_id,
    ...(client_secret === undefined ? {} : { clientSecret: client_secret }),
    tokenEndpointAuthMethod: knownAuthMethod(method, client_secret !== undefined),
    origin: 'dynamic',
    redirectUri,
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

function secretAuthMethod(
  authorizationServer: AuthorizationServerMetadata,
  hasSecret: boolean,
): ClientRegistration['tokenEndpointAuthMethod'] {
  if (!hasSecret) return 'none'
  const supported = authorizationServer.token_endpoint_auth_methods_supported
  const onlyPost =
    supported?.includes('client_secret_post') === true && !supported.includes('client_secret_basic')
  return onlyPost ? 'client_secret_post' : 'client_secret_basic'
}

function knownAuthMethod(
  method: string,
  hasSecret: boolean,
): ClientRegistration['tokenEndpointAuthMethod'] {
  if (!hasSecret || method === 'none') return 'none'
  return method === 'client_secret_post' ? 'client_secret_post' : 'client_secret_basic'
}
