import { readScope } from '@evergrant/core'
import { canonicalResource } from '@evergrant/core/metadata'
import { parseEndpoint } from '@evergrant/core/network'
import type { AccessToken } from '../grant/access-token.ts'
import type { GetAccessTokenOptions } from '../grant/token-manager.ts'
import { namingGuesses } from '../lib/assumption.ts'
import { systemClock } from '../lib/clock.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import { diagnosticsObserver } from '../lib/events.ts'
import { loadOnce } from '../lib/load-once.ts'
import type { DpopProver } from '../protocol/dpop-prover.ts'
import { dpopProver } from '../protocol/dpop-prover.ts'
import type { CheckBinding } from './binding-change.ts'
import { mayFollowFromMove, signInElsewhere } from './binding-change.ts'
import type { BoundGrant, CurrentGrant } from './current-grant.ts'
import { currentGrant } from './current-grant.ts'
import { profileChooser } from './provider-profile.ts'
import type { Binding } from './records.ts'
import type { Session, SessionOptions } from './session-api.ts'
import type { SessionContext } from './session-context.ts'

/**
 * Opens the session of one user with one MCP server. Nothing is read or sent until you use it.
 *
 * @param mcpServerUrl - The MCP endpoint: `https`, or `http` on loopback.
 * @throws ProtocolError of `@evergrant/core` if the URL is not an endpoint, or would expose tokens.
 *   EvergrantClientError `INVALID_OPTION` if `additionalScope` is not a scope.
 * @example
 * const session = createSession('https://mcp.example/mcp', {
 *   store,
 *   client: { name: 'Example gateway' },
 *   signIn: { kind: 'redirect', redirectUri: 'https://gateway.example/oauth/callback' },
 * })
 */
export function createSession(mcpServerUrl: string, options: SessionOptions): Session {
  const context = contextOf(mcpServerUrl, options)
  const { serverUrl } = context
  const grants = currentGrant(context)
  const actions = loadOnce('signs in and out', async () => {
    const { sessionActions } = await import('./on-demand.ts')
    return sessionActions(context, grants, options)
  })
  const checkBinding: CheckBinding = async (url) => {
    // Like metadata that cannot be read: the caller gets the error that made it check.
    const loaded = await actions().catch(() => undefined)
    return await loaded?.checkBinding(url)
  }

  return {
    serverUrl,
    // Not async: most calls find a token in memory, and awaiting would cost more than the rest.
    getAccessToken: (request) =>
      grants.known()?.manager.fromMemory(request?.rejectedAccessToken) ??
      obtainAccessToken(serverUrl, grants, checkBinding, request),
    send: (token, url, init, fetch) => send(context.dpop, token, url, init, fetch),
    signIn: async (request) => await (await actions()).signIn(request),
    completeSignIn: async (callbackUrl) => await (await actions()).completeSignIn(callbackUrl),
    importSignIn: async (signIn) => await (await actions()).importSignIn(signIn),
    checkBinding,
    signOut: async () => await (await actions()).signOut(),
    status: async () => await (await actions()).status(),
    whenIdle: grants.whenIdle,
  }
}

function contextOf(mcpServerUrl: string, options: SessionOptions): SessionContext {
  const { store, client, partition = 'default', preferences } = options
  assertScope(preferences?.additionalScope)
  return {
    serverUrl: canonicalResource(parseEndpoint(mcpServerUrl, 'The MCP server URL')),
    partition,
    client,
    store,
    clock: options.clock ?? systemClock,
    http: {
      fetch: options.fetch,
      requestTimeoutMilliseconds: options.requestTimeoutMilliseconds,
    },
    trustedIssuer: options.trustedIssuer,
    observe: diagnosticsObserver(options.observe),
    profileOf: profileChooser(() => preferences?.profile),
    refresh: options.refresh,
    dpop: dpopProver(),
  }
}

/** The scope of a server is read leniently. A mistake in the scope of the caller is theirs to correct. */
function assertScope(additionalScope: string | undefined): void {
  const [wrong] = readScope(additionalScope).ignored
  if (wrong === undefined) return
  throw new EvergrantClientError(
    'INVALID_OPTION',
    `The option "preferences.additionalScope" cannot be used: ${quote(wrong)} is not a scope token (expected visible ASCII characters without quotation marks and backslashes, RFC 6749 §3.3). Correct it.`,
  )
}

async function obtainAccessToken(
  serverUrl: string,
  grants: CurrentGrant,
  checkBinding: CheckBinding,
  request: GetAccessTokenOptions | undefined,
): Promise<AccessToken> {
  const first = await grants.get()
  if (first === undefined) throw neverSignedIn(serverUrl)
  try {
    return await currentAccessToken(first, grants, request)
  } catch (error) {
    if (!mayFollowFromMove(error)) throw namingGuesses(error, first.binding.assumptions)
    const change = await checkBinding()
    if (change !== undefined) throw signInElsewhere(change, error)
    throw namingGuesses(error, first.binding.assumptions)
  }
}

async function currentAccessToken(
  first: BoundGrant,
  grants: CurrentGrant,
  request: GetAccessTokenOptions | undefined,
): Promise<AccessToken> {
  try {
    return await first.manager.getAccessToken(request)
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.code !== 'SIGN_IN_REQUIRED') throw error
    // Another process may have signed in again, with another client or authorization server.
    const second = await grants.load()
    if (second === undefined || second.manager === first.manager) {
      throw explained(error, first.binding)
    }
    return await second.manager.getAccessToken(request)
  }
}

async function send(
  dpop: DpopProver,
  token: AccessToken,
  url: string,
  init: RequestInit,
  fetch: typeof globalThis.fetch,
): Promise<Response> {
  const { value, tokenType, dpopKey } = token
  if (tokenType === 'DPoP' && dpopKey !== undefined) {
    return await dpop.send(dpopKey, value, url, init, fetch)
  }
  const headers = new Headers(init.headers)
  headers.set('authorization', `${tokenType} ${value}`)
  return await fetch(url, { ...init, headers })
}

function neverSignedIn(serverUrl: string): EvergrantClientError {
  return new EvergrantClientError(
    'SIGN_IN_REQUIRED',
    `The user must sign in to ${serverUrl}: no sign-in is stored. Call signIn().`,
    { signInReason: 'never-signed-in' },
  )
}

function explained(error: EvergrantClientError, binding: Binding): EvergrantClientError {
  const { noRefreshTokenReason } = binding
  if (error.signInReason !== 'no-refresh-token' || noRefreshTokenReason === undefined) return error
  return new EvergrantClientError('SIGN_IN_REQUIRED', `${error.message} ${noRefreshTokenReason}`, {
    signInReason: error.signInReason,
    cause: error,
  })
}
