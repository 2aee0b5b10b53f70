import type { BearerChallenge } from '@evergrant/core'
import type { AppliedFallback, SignInFallback } from '@evergrant/core/authorization'
import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import { ProtocolError, readScope } from '@evergrant/core'
import { parseAuthorizationServerMetadata } from '@evergrant/core/metadata'
import type { Assumption } from '../lib/assumption.ts'
import { readAssumptions } from '../lib/assumption.ts'
import { isObject } from '../lib/is-object.ts'
import type { PendingAuthorization } from '../protocol/pending-authorization.ts'
import type { ClientRegistration } from '../protocol/registration.ts'

/**
 * Which grant serves an MCP server. It is found by the URL of the server, so a new process needs no
 * request to find the grant.
 */
export interface Binding {
  readonly serverUrl: string
  readonly partition: string
  readonly resource: string
  readonly authorizationServer: AuthorizationServerMetadata
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

/** A sign-in whose response arrives in a later request. Secret: it holds the PKCE verifier. */
export interface StoredSignIn {
  readonly binding: Binding
  readonly pending: PendingAuthorization
  readonly authorizationUrl: string
  /** The explanation if the server issues no refresh token, decided when the request was made. */
  readonly noRefreshTokenReason: string
  /** The challenge that caused the sign-in, to repeat the request if it is refused. */
  readonly challenge?: StoredChallenge
  /** The fallbacks that led to this request. */
  readonly fallbacks: readonly AppliedFallback[]
  /** Whether the client was registered for this sign-in. */
  readonly clientIsNew: boolean
}

/** The members of a challenge that a sign-in uses. */
export type StoredChallenge = Pick<
  BearerChallenge,
  'scheme' | 'error' | 'scope' | 'resource_metadata'
>

/** The unfinished sign-ins of one server and user, each by its `state`. */
export interface SignInsUnderWay {
  /** The one whose authorization URL is returned again; absent after one is finished. */
  readonly current?: string
  /** All of them, the oldest first. They are removed if they are never finished. */
  readonly states: readonly string[]
  /** What the authorization server refused, so that the next request leaves it out. */
  readonly refused?: {
    readonly fallbacks: readonly AppliedFallback[]
    readonly atEpochSeconds: number
  }
}

/** A token that is to be revoked as soon as its server answers. */
export interface PendingRevocation {
  readonly token: string
  readonly hint: 'refresh_token' | 'access_token'
  readonly authorizationServer: AuthorizationServerMetadata
  readonly registration: ClientRegistration
  readonly createdAtEpochSeconds: number
}

export function parseBinding(value: unknown): Binding | undefined {
  if (!isObject(value)) return undefined
  const { serverUrl, partition, resource, noRefreshTokenReason, namedIssuer } = value
  const authorizationServer = parseServer(value['authorizationServer'])
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

export function parseSignIn(value: unknown): StoredSignIn | undefined {
  if (!isObject(value)) return undefined
  const binding = parseBinding(value['binding'])
  const pending = parsePending(value['pending'])
  const { authorizationUrl, noRefreshTokenReason } = value
  if (binding === undefined || pending === undefined) return undefined
  if (typeof authorizationUrl !== 'string' || typeof noRefreshTokenReason !== 'string') {
    return undefined
  }
  const challenge = parseChallenge(value['challenge'])
  return {
    binding,
    pending,
    authorizationUrl,
    noRefreshTokenReason,
    ...(challenge === undefined ? {} : { challenge }),
    fallbacks: parseFallbacks(value['fallbacks']),
    clientIsNew: value['clientIsNew'] === true,
  }
}

function parseChallenge(value: unknown): StoredChallenge | undefined {
  if (!isObject(value)) return undefined
  const { error, scope, resource_metadata } = value
  return {
    scheme: value['scheme'] === 'DPoP' ? 'DPoP' : 'Bearer',
    ...(typeof error === 'string' ? { error } : {}),
    ...(Array.isArray(scope) ? { scope: readScope(scope).tokens } : {}),
    ...(typeof resource_metadata === 'string' ? { resource_metadata } : {}),
  }
}

const fallbackNames: ReadonlySet<unknown> = new Set<SignInFallback>([
  'register-again',
  'register-with-scope',
  'without-offline-access',
  'without-prompt',
])

function parseFallbacks(value: unknown): readonly AppliedFallback[] {
  if (!Array.isArray(value)) return []
  return value.filter(
    (one): one is AppliedFallback =>
      isObject(one) && fallbackNames.has(one['fallback']) && typeof one['explanation'] === 'string',
  )
}

export function parseSignInsUnderWay(value: unknown): SignInsUnderWay | undefined {
  if (!isObject(value)) return undefined
  const { current, states } = value
  if (!Array.isArray(states) || !states.every((state) => typeof state === 'string')) {
    return undefined
  }
  const refused = value['refused']
  return {
    states,
    ...(typeof current === 'string' ? { current } : {}),
    ...(isObject(refused) && typeof refused['atEpochSeconds'] === 'number'
      ? {
          refused: {
            fallbacks: parseFallbacks(refused['fallbacks']),
            atEpochSeconds: refused['atEpochSeconds'],
          },
        }
      : {}),
  }
}

function parsePending(value: unknown): PendingAuthorization | undefined {
  if (!isObject(value)) return undefined
  const { state, codeVerifier, issuer, resource, clientId, redirectUri, scope } = value
  const { createdAtEpochSeconds } = value
  if (
    typeof state !== 'string' ||
    typeof codeVerifier !== 'string' ||
    typeof issuer !== 'string' ||
    typeof resource !== 'string' ||
    typeof clientId !== 'string' ||
    typeof redirectUri !== 'string' ||
    typeof createdAtEpochSeconds !== 'number' ||
    (scope !== undefined && typeof scope !== 'string')
  ) {
    return undefined
  }
  return {
    state,
    codeVerifier,
    issuer,
    resource,
    clientId,
    redirectUri,
    scope,
    createdAtEpochSeconds,
    ...(value['bindTokens'] === true ? { bindTokens: true } : {}),
  }
}

export function parseRevocation(value: unknown): PendingRevocation | undefined {
  if (!isObject(value)) return undefined
  const { token, hint, createdAtEpochSeconds } = value
  const authorizationServer = parseServer(value['authorizationServer'])
  const registration = parseRegistration(value['registration'])
  if (typeof token !== 'string' || typeof createdAtEpochSeconds !== 'number') return undefined
  if (hint !== 'refresh_token' && hint !== 'access_token') return undefined
  if (authorizationServer === undefined || registration === undefined) return undefined
  return { token, hint, authorizationServer, registration, createdAtEpochSeconds }
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

function parseServer(value: unknown): AuthorizationServerMetadata | undefined {
  if (!isObject(value) || typeof value['issuer'] !== 'string') return undefined
  try {
    return parseAuthorizationServerMetadata(value, value['issuer']).metadata
  } catch (error) {
    if (ProtocolError.is(error)) return undefined
    throw error
  }
}
