import type { Assumption } from '../lib/assumption.ts'
import { readAssumptions } from '../lib/assumption.ts'
import { isObject } from '../lib/is-object.ts'
import type { ClientRegistration } from '../protocol/registration.ts'
import type { TokenServer } from '../protocol/token-server.ts'
import { readTokenServer } from '../protocol/token-server.ts'

/**
 * Which grant serves an MCP server. It is found by the URL of the server, so a new process needs no
 * request to find the grant.
 */
export interface Binding {
  readonly serverUrl: string
  readonly partition: string
  readonly resource: string
  readonly authorizationServer: TokenServer
  readonly registration: ClientRegistration
  /** The issuer as the MCP server names it, if the metadata of that issuer spells it differently. */
  readonly namedIssuer?: string
  /** Why the server issued no refresh token, in plain words; absent if it issued one. */
  readonly noRefreshTokenReason?: string
  /** What no server declared and the sign-in relies on; absent if nothing was assumed. */
  readonly assumptions?: readonly Assumption[]
  /** The authorization server refused `prompt=consent`, so it is not sent again. */
  readonly promptRefused?: true
}

export function parseBinding(value: unknown): Binding | undefined {
  if (!isObject(value)) return undefined
  const { serverUrl, partition, resource, noRefreshTokenReason, namedIssuer } = value
  const authorizationServer = readTokenServer(value['authorizationServer'])
  const registration = parseRegistration(value['registration'])
  if (typeof serverUrl !== 'string' || typeof partition !== 'string') return undefined
  if (typeof resource !== 'string') return undefined
  if (authorizationServer === undefined || registration === undefined) return undefined
  if (registration.issuer !== authorizationServer.issuer) return undefined
  const assumptions = readAssumptions(value['assumptions'])
  return {
    serverUrl,
    partition,
    resource,
    authorizationServer,
    registration,
    ...(typeof namedIssuer === 'string' ? { namedIssuer } : {}),
    ...(typeof noRefreshTokenReason === 'string' ? { noRefreshTokenReason } : {}),
    ...(assumptions.length === 0 ? {} : { assumptions }),
    ...(value['promptRefused'] === true ? { promptRefused: true } : {}),
  }
}

export function parseRegistration(value: unknown): ClientRegistration | undefined {
  if (!isObject(value)) return undefined
  const { issuer, clientId, clientSecret, tokenEndpointAuthMethod, origin, redirectUri } = value
  const { secretExpiresAtEpochSeconds, registeredAtEpochSeconds, scope } = value
  if (typeof issuer !== 'string' || typeof clientId !== 'string') return undefined
  if (
    tokenEndpointAuthMethod !== 'none' &&
    tokenEndpointAuthMethod !== 'client_secret_basic' &&
    tokenEndpointAuthMethod !== 'client_secret_post'
  ) {
    return undefined
  }
  if (
    origin !== 'pre-registered' &&
    origin !== 'client-id-metadata-document' &&
    origin !== 'dynamic'
  ) {
    return undefined
  }
  return {
    issuer,
    clientId,
    tokenEndpointAuthMethod,
    origin,
    ...(typeof clientSecret === 'string' ? { clientSecret } : {}),
    ...(typeof redirectUri === 'string' ? { redirectUri } : {}),
    ...(typeof secretExpiresAtEpochSeconds === 'number' ? { secretExpiresAtEpochSeconds } : {}),
    ...(value['usesDeviceGrant'] === true ? { usesDeviceGrant: true } : {}),
    ...(typeof registeredAtEpochSeconds === 'number' ? { registeredAtEpochSeconds } : {}),
    ...(typeof scope === 'string' ? { scope } : {}),
  }
}
