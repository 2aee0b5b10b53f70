import type {
  AuthorizationServerMetadata,
  ProtectedResourceMetadata,
} from '@evergrant/core/metadata'
import * as oauth from 'oauth4webapi'
import type { PrivateJwk } from '../grant/grant.ts'

/** The signature algorithm of all proofs. Every server that supports DPoP supports it. */
const algorithm = 'ES256'

/**
 * When tokens are bound to a key (RFC 9449): only if the resource requires it, whenever the
 * authorization server supports it, or never.
 */
export type DpopPreference = 'when-required' | 'when-advertised' | 'never'

/** Whether a sign-in requests bound tokens. */
export function wantsDpop(
  preference: DpopPreference,
  authorizationServer: AuthorizationServerMetadata,
  protectedResource: ProtectedResourceMetadata | undefined,
): boolean {
  if (preference === 'never') return false
  const advertised =
    authorizationServer.dpop_signing_alg_values_supported?.includes(algorithm) === true
  const required = protectedResource?.dpop_bound_access_tokens_required === true
  return advertised && (required || preference === 'when-advertised')
}

/** Generates the key pair of one grant. It is stored and removed together with the tokens. */
export async function generateDpopKey(): Promise<PrivateJwk> {
  const { privateKey } = await oauth.generateKeyPair(algorithm, { extractable: true })
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey)
  return { kty: kty ?? 'EC', crv, x, y, d }
}

/** For how many grants nonces are remembered. A missing nonce costs one repeated request. */
const maximumHandles = 1000

/** Finds the handle of a key, with the nonces that its servers required last. */
export function dpopHandles(): (key: PrivateJwk) => Promise<oauth.DPoPHandle> {
  const handles = new Map<string, Promise<oauth.DPoPHandle>>()
  return (key) => {
    const id = String(key['x'])
    const known = handles.get(id)
    if (known !== undefined) return known
    const [oldest] = handles.keys()
    if (handles.size >= maximumHandles && oldest !== undefined) handles.delete(oldest)
    const made = importHandle(key)
    handles.set(id, made)
    return made
  }
}

async function importHandle(key: PrivateJwk): Promise<oauth.DPoPHandle> {
  const { d: _private, ...publicJwk } = key
  const curve = { name: 'ECDSA', namedCurve: 'P-256' }
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey('jwk', { ...key }, curve, false, ['sign']),
    crypto.subtle.importKey('jwk', publicJwk, curve, true, ['verify']),
  ])
  return oauth.DPoP({}, { privateKey, publicKey })
}

/**
 * Sends one request with its proof: to a protected resource with a token, or to a token endpoint
 * without one.
 *
 * The library makes the proof and keeps the nonces. The request, with its body, is sent by the
 * `fetch` of the caller.
 */
export async function sendWithProof(
  handle: oauth.DPoPHandle,
  accessToken: string | undefined,
  url: string,
  init: RequestInit,
  fetch: typeof globalThis.fetch,
): Promise<Response> {
  const sent = Promise.withResolvers<Response>()
  const target = new URL(url)
  const options = {
    DPoP: handle,
    [oauth.allowInsecureRequests]: target.protocol === 'http:',
    async [oauth.customFetch](_url: string, { headers: proven }: Pick<RequestInit, 'headers'>) {
      const headers = new Headers(init.headers)
      if (accessToken !== undefined) headers.set('authorization', `DPoP ${accessToken}`)
      headers.set('dpop', new Headers(proven).get('dpop') ?? '')
      const response = await fetch(url, { ...init, headers })
      sent.resolve(response)
      // The library needs only the nonce of the response.
      const nonce = response.headers.get('dpop-nonce')
      return new Response(null, nonce === null ? {} : { headers: { 'dpop-nonce': nonce } })
    },
  }
  if (accessToken === undefined) {
    const server = { issuer: target.origin, token_endpoint: url }
    const client = { client_id: 'unsent' }
    await oauth.genericTokenEndpointRequest(server, client, oauth.None(), 'unsent', {}, options)
  } else {
    const method = init.method ?? 'GET'
    await oauth.protectedResourceRequest(accessToken, method, target, new Headers(), null, options)
  }
  return await sent.promise
}
