import type { BearerChallenge } from '@evergrant/core'
import { ProtocolError, readScope } from '@evergrant/core'
import type { AppliedFallback, SignInFallback } from '@evergrant/core/authorization'
import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import { parseAuthorizationServerMetadata } from '@evergrant/core/metadata'
import { isObject } from '../lib/is-object.ts'
import type { PendingAuthorization } from '../protocol/pending-authorization.ts'
import type { ClientRegistration } from '../protocol/registration.ts'
import type { TokenServer } from '../protocol/token-server.ts'
import { readTokenServer } from '../protocol/token-server.ts'
import type { Binding } from './binding-value.ts'
import { parseBinding, parseRegistration } from './binding-value.ts'

/** The binding that a sign-in makes. It has all metadata, because a request may be repeated. */
export interface SignInBinding extends Binding {
  readonly authorizationServer: AuthorizationServerMetadata
}

/** A sign-in whose response arrives in a later request. Secret: it holds the PKCE verifier. */
export interface StoredSignIn {
  readonly binding: SignInBinding
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
  readonly authorizationServer: TokenServer
  readonly registration: ClientRegistration
  readonly createdAtEpochSeconds: number
}

export function parseSignIn(value: unknown): StoredSignIn | undefined {
  if (!isObject(value)) return undefined
  const binding = parseSignInBinding(value['binding'])
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

function parseSignInBinding(value: unknown): SignInBinding | undefined {
  const binding = parseBinding(value)
  if (binding === undefined || !isObject(value)) return undefined
  const authorizationServer = parseServer(value['authorizationServer'])
  return authorizationServer && { ...binding, authorizationServer }
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
  const authorizationServer = readTokenServer(value['authorizationServer'])
  const registration = parseRegistration(value['registration'])
  if (typeof token !== 'string' || typeof createdAtEpochSeconds !== 'number') return undefined
  if (hint !== 'refresh_token' && hint !== 'access_token') return undefined
  if (authorizationServer === undefined || registration === undefined) return undefined
  return { token, hint, authorizationServer, registration, createdAtEpochSeconds }
}
