import { createAuthorizations } from './authorization.ts'
import type {
  Approval,
  Authorizations,
  AuthorizationResult,
  RegisteredClient,
} from './authorization.ts'
import type { Answer, SimulatedRequest } from './http.ts'
import { empty, json } from './http.ts'
import { resourceScope } from './mcp-server.ts'
import { endpointsOf, metadataDocument, servesMetadataAt } from './metadata.ts'
import type { ProductRules } from './product-rules.ts'
import { createRefreshTokens } from './refresh-tokens.ts'
import type { Refusal } from './refresh-tokens.ts'

/** The client that an operator registered at products without registration. */
export const preregisteredClientId = 'preregistered'

/** One authorization server for a month. It behaves like an emulated product. */
export interface AuthorizationServer {
  readonly issuer: string
  /** Whether a client registers itself. Otherwise it is {@link preregisteredClientId}. */
  readonly registersClients: boolean
  answer(request: SimulatedRequest): Promise<Answer>
  /** The user follows the link to the authorization page and approves. The URL of the redirect. */
  authorize(authorizationUrl: string): string
  /** What an authorization request of a registered client leads to. Changes nothing. */
  preview(clientId: string, query: URLSearchParams): AuthorizationResult
  isGood(accessToken: string): boolean
  /** When an access token expires, in seconds since the epoch. */
  expiryOf(accessToken: string): number | undefined
  /** Why the last refresh was refused. */
  lastRefusal(): Refusal | undefined
}

interface Clock {
  nowEpochSeconds(): number
}

const bothGrants = ['authorization_code', 'refresh_token']

export function createAuthorizationServer(rules: ProductRules, clock: Clock): AuthorizationServer {
  const { emulation, issuer, accessTokenSeconds } = rules
  const endpoints = endpointsOf(rules)
  const metadata = json(200, metadataDocument(rules))
  const clients = new Map<string, RegisteredClient>([
    [preregisteredClientId, { grantTypes: bothGrants, scopes: undefined }],
  ])
  const codes = new Map<string, Approval>()
  const authorizations = createAuthorizations(rules)
  const refreshTokens = createRefreshTokens(rules, clock)
  const expiries = new Map<string, number>()
  let issued = 0
  let lastRefusal: Refusal | undefined

  function tokenResponse(scope: string, refreshToken: string | undefined): Answer {
    issued += 1
    const accessToken = `access-${issued}`
    expiries.set(accessToken, clock.nowEpochSeconds() + accessTokenSeconds)
    return json(200, {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: accessTokenSeconds,
      scope,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    })
  }

  function register(body: string): Answer {
    if (emulation.refusesRegistration) return json(403, { error: 'insufficient_scope' })
    const asked = JSON.parse(body) as { readonly scope?: unknown; readonly grant_types?: unknown }
    const clientId = `client-${clients.size}`
    const limited = emulation.registeredScope === 'default-only' && typeof asked.scope !== 'string'
    clients.set(clientId, {
      grantTypes: Array.isArray(asked.grant_types)
        ? asked.grant_types.map(String)
        : ['authorization_code'],
      scopes: limited ? [resourceScope] : undefined,
    })
    return json(201, {
      ...asked,
      client_id: clientId,
      client_id_issued_at: Math.floor(clock.nowEpochSeconds()),
      ...(limited ? { scope: resourceScope } : {}),
    })
  }

  async function token(body: string): Promise<Answer> {
    const form = new URLSearchParams(body)
    if (!clients.has(form.get('client_id') ?? '')) return json(401, { error: 'invalid_client' })
    if (emulation.resource === 'refused' && form.has('resource')) {
      return json(400, { error: 'invalid_target' })
    }
    if (form.get('grant_type') === 'refresh_token') return await refresh(form)
    const approval = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    if (approval === undefined) return json(400, { error: 'invalid_grant' })
    const { scope, limits } = approval
    return tokenResponse(scope, limits && (await refreshTokens.issue(limits)))
  }

  async function refresh(form: URLSearchParams): Promise<Answer> {
    const presented = form.get('refresh_token') ?? ''
    const result = await refreshTokens.redeem(presented)
    if (result.outcome === 'accepted') {
      const shown = emulation.rotation === 'no-token' ? undefined : result.refreshToken
      return tokenResponse(resourceScope, shown)
    }
    lastRefusal = result.refusal
    if (emulation.deadRefreshToken === 'empty-400') return empty(400)
    return json(400, { error: emulation.deadRefreshToken })
  }

  function requestOf(
    clientId: string,
    query: URLSearchParams,
    decide: Authorizations['approve'],
  ): AuthorizationResult {
    const client = clients.get(clientId)
    return client === undefined
      ? { error: 'unauthorized_client', description: 'the client is not known' }
      : decide(client, query)
  }

  return {
    issuer,
    preview: (clientId, query) => requestOf(clientId, query, authorizations.preview),
    registersClients: emulation.registration && !emulation.refusesRegistration,
    isGood: (accessToken) => clock.nowEpochSeconds() < (expiries.get(accessToken) ?? 0),
    expiryOf: (accessToken) => expiries.get(accessToken),
    lastRefusal: () => lastRefusal,
    authorize(authorizationUrl) {
      const { searchParams: query } = new URL(authorizationUrl)
      const redirect = new URL(query.get('redirect_uri') ?? '')
      const result = requestOf(query.get('client_id') ?? '', query, authorizations.approve)
      const state = query.get('state')
      if (state !== null) redirect.searchParams.set('state', state)
      if (emulation.iss) redirect.searchParams.set('iss', issuer)
      if ('error' in result) {
        redirect.searchParams.set('error', result.error)
        redirect.searchParams.set('error_description', result.description)
        return redirect.href
      }
      issued += 1
      const code = `code-${issued}`
      codes.set(code, result.approval)
      redirect.searchParams.set('code', code)
      return redirect.href
    },
    async answer({ method, url, body }) {
      if (servesMetadataAt(rules, url)) return metadata
      if (method === 'POST' && url.href === endpoints.token) return await token(body)
      if (method === 'POST' && url.href === endpoints.registration) return register(body)
      return empty(404)
    },
  }
}
