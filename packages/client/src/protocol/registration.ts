import { isSameIssuer } from '@evergrant/core/metadata'
import { isClientIdMetadataUrl } from '@evergrant/core/registration'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import type { TokenServer } from './token-server.ts'

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
  /** The registered scope, if the server named it. Some servers refuse every other scope. */
  readonly scope?: string
  /** Whether the client registered itself for the device grant, too (RFC 8628). */
  readonly usesDeviceGrant?: boolean
  /** When this client registered itself. */
  readonly registeredAtEpochSeconds?: number
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
  /**
   * Registrations that an operator made, by issuer. If the authorization server of an MCP server has
   * no entry, the sign-in fails with an error that names both issuers (C-40), unless a metadata
   * document applies or `dynamicRegistration` is `true`.
   */
  readonly preRegistered?: Readonly<Record<string, PreRegisteredClient>>
  /**
   * Whether the client registers itself at servers that have no entry in `preRegistered` and do not
   * support its metadata document. Default: `true` without `preRegistered`, otherwise `false`. Set it
   * to `true` if you share one configuration over many MCP servers, and only some have an entry.
   */
  readonly dynamicRegistration?: boolean | undefined
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
 * The registration that needs no request: a pre-registered client, or a metadata document that the
 * server fetches.
 */
export function standingRegistration(
  authorizationServer: TokenServer,
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

/** The method for a client with a secret, as the server supports it. */
export function secretAuthMethod(
  authorizationServer: TokenServer,
  hasSecret: boolean,
): ClientRegistration['tokenEndpointAuthMethod'] {
  if (!hasSecret) return 'none'
  const supported = authorizationServer.token_endpoint_auth_methods_supported
  const onlyPost =
    supported?.includes('client_secret_post') === true && !supported.includes('client_secret_basic')
  return onlyPost ? 'client_secret_post' : 'client_secret_basic'
}
