import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createAccessTokenSigner } from './access-tokens.ts'
import type { AccessTokenRequest } from './access-tokens.ts'
import { answerWithFault, jsonHeaders } from './faults.ts'
import type { Fault, Reply } from './faults.ts'
import { createGrantStore } from './grants.ts'
import type { GrantView, RefreshTokenRules } from './grants.ts'
import { parseRequest } from './request-log.ts'
import type { LoggedRequest } from './request-log.ts'
import { readBody, startServer } from './server.ts'

export type AuthorizationServerEndpoint =
  | 'metadata'
  | 'jwks'
  | 'authorize'
  | 'token'
  | 'register'
  | 'revoke'

/** Where the metadata document is served (RFC 8414 §3.1, OpenID Connect Discovery §4). */
export type WellKnownForm = 'oauth' | 'openid-inserted' | 'openid-appended'

export interface ScriptedAuthorizationServerOptions extends Partial<RefreshTokenRules> {
  /** Default 0: any free port. */
  readonly port?: number
  /** Path of the issuer, for instance `/tenant`. Default none. */
  readonly issuerPath?: string
  /** Default: the system's clock. */
  readonly clock?: { nowEpochSeconds(): number }
  /** Default 3600. */
  readonly accessTokenLifetimeSeconds?: number
  /** `offline_access`: only when that scope was granted. Default `always`. */
  readonly issueRefreshTokens?: 'always' | 'offline_access' | 'never'
  /** Default `mcp:read mcp:write mcp:admin offline_access`. Others are not granted. */
  readonly scopesSupported?: readonly string[]
  /** Granted when the request names no scope. Default the first of `scopesSupported`. */
  readonly defaultScope?: string
  /** Default `['oauth']`. */
  readonly wellKnown?: readonly WellKnownForm[]
  /**
   * Pre-registered clients, public where they have no secret. Every redirect URI is accepted where
   * none is listed.
   */
  readonly clients?: readonly {
    readonly clientId: string
    readonly clientSecret?: string
    readonly redirectUris?: readonly string[]
  }[]
  /** Advertises Client ID Metadata Documents, and takes any URL as `client_id` without fetching it. */
  readonly clientIdMetadataDocuments?: boolean
}

export interface IssuedTokens {
  readonly grantId: string
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly expiresInSeconds: number
}

/** A real OAuth authorization server whose faults a test scripts. */
export interface ScriptedAuthorizationServer extends AsyncDisposable {
  readonly issuer: string
  readonly port: number
  readonly jwksUri: string
  readonly tokenEndpoint: string
  /** Queues of faults; each request takes the first one of its endpoint's queue. */
  readonly faults: Readonly<Record<AuthorizationServerEndpoint, Fault[]>>
  readonly requests: readonly LoggedRequest<AuthorizationServerEndpoint>[]
  /** How many requests reached an endpoint, counted on arrival; narrowed by outcome if given. */
  count(endpoint: AuthorizationServerEndpoint, outcome?: string): number
  /** How many refresh requests arrived, whatever became of them. */
  refreshRequests(): number
  /** Puts members over the metadata document; `undefined` removes one. Later calls add to it. */
  overrideMetadata(members: Readonly<Record<string, unknown>>): void
  grants(): readonly GrantView[]
  /** Without an ID the latest grant is meant, here and below. */
  isGrantAlive(grantId?: string): boolean
  liveRefreshTokens(grantId?: string): readonly string[]
  revokeGrant(grantId?: string): void
  /** From now on the client is unknown: `invalid_client`. */
  forgetClient(clientId: string): void
  /** From now on this is the client's only secret. */
  rotateClientSecret(clientId: string, clientSecret: string): void
  /** From now on the token endpoint is at this path below the issuer, and at no other. */
  moveTokenEndpoint(path: string): void
  /** Makes a grant without any HTTP, for tests that begin after the sign-in. */
  issueGrant(grant: {
    readonly clientId: string
    readonly scope: string
    readonly resource?: string
  }): Promise<IssuedTokens>
  /** Signs an access token of the test's own making. */
  signAccessToken(token: AccessTokenRequest): Promise<string>
  close(): Promise<void>
}

interface PendingCode {
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly resource: string | undefined
  readonly codeChallenge: string
}

interface Client {
  readonly redirectUris: readonly string[] | undefined
  readonly clientSecret?: string | undefined
}

/** An endpoint's answer together with the word that goes into the log. */
interface Answer extends Reply {
  readonly outcome: string
}

type ParsedRequest = ReturnType<typeof parseRequest>

/**
 * Starts a small authorization server that signs users in without asking: RFC 8414 metadata,
 * authorization code with PKCE, refresh tokens for public clients, dynamic registration,
 * revocation, JWT access tokens. All state lives in the returned object.
 */
export async function startScriptedAuthorizationServer(
  options: ScriptedAuthorizationServerOptions = {},
): Promise<ScriptedAuthorizationServer> {
  const issuerPath = options.issuerPath ?? ''
  const clock = options.clock ?? { nowEpochSeconds: () => Date.now() / 1000 }
  const lifetimeSeconds = options.accessTokenLifetimeSeconds ?? 3600
  const issueRefreshTokens = options.issueRefreshTokens ?? 'always'
  const scopesSupported = options.scopesSupported ?? [
    'mcp:read',
    'mcp:write',
    'mcp:admin',
    'offline_access',
  ]
  const clients = new Map<string, Client>(
    options.clients?.map(({ clientId, redirectUris, clientSecret }) => [
      clientId,
      { redirectUris, clientSecret },
    ]),
  )
  const grants = createGrantStore({
    rotation: options.rotation ?? 'rotate',
    familyRevocation: options.familyRevocation ?? true,
    graceSeconds: options.graceSeconds ?? 0,
  })
  const codes = new Map<string, PendingCode>()
  const requests: LoggedRequest<AuthorizationServerEndpoint>[] = []
  const faults: Record<AuthorizationServerEndpoint, Fault[]> = {
    metadata: [],
    jwks: [],
    authorize: [],
    token: [],
    register: [],
    revoke: [],
  }
  let tokenPath = '/token'
  let metadataOverrides: Readonly<Record<string, unknown>> = {}
  const signer = await createAccessTokenSigner()
  const server = await startServer(handle, options.port === undefined ? {} : { port: options.port })
  const issuer = `${server.url}${issuerPath}`
  const routes = routesOf(issuerPath, options.wellKnown ?? ['oauth'])

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parsed = parseRequest(request, await readBody(request))
    const endpoint = routes.get(parsed.path)
    if (endpoint === undefined) {
      response.writeHead(404).end()
      return
    }
    const fault = faults[endpoint].shift() ?? { kind: 'pass' }
    const index = requests.length
    requests.push({ endpoint, ...parsed, outcome: 'not-reached', fault: fault.kind })
    if (fault.kind === 'oauth-error' && endpoint === 'authorize') {
      redirectError(response, parsed.query, fault.error, fault.description)
      return
    }
    await answerWithFault(response, fault, async () => {
      const answer = await answers[endpoint](parsed)
      requests[index] = { endpoint, ...parsed, outcome: answer.outcome, fault: fault.kind }
      return answer
    })
  }

  function redirectError(
    response: ServerResponse,
    query: Readonly<Record<string, string>>,
    error: string,
    description: string | undefined,
  ): void {
    const target = new URL(query['redirect_uri'] ?? issuer)
    target.searchParams.set('error', error)
    if (description !== undefined) target.searchParams.set('error_description', description)
    if (query['state'] !== undefined) target.searchParams.set('state', query['state'])
    target.searchParams.set('iss', issuer)
    response.writeHead(302, { location: target.href }).end()
  }

  const answers: Readonly<
    Record<AuthorizationServerEndpoint, (request: ParsedRequest) => Answer | Promise<Answer>>
  > = {
    metadata: () => json(200, metadata(), 'served'),
    jwks: () => json(200, signer.jwks, 'served'),
    authorize: ({ query }) => authorize(query),
    token: ({ form, headers }) => token(form, headers.authorization),
    register: ({ json: body }) => register(body),
    revoke: ({ form, headers }) => revoke(form, headers.authorization),
  }

  function metadata(): Record<string, unknown> {
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}${tokenPath}`,
      registration_endpoint: `${issuer}/register`,
      revocation_endpoint: `${issuer}/revoke`,
      jwks_uri: `${issuer}/jwks`,
      scopes_supported: scopesSupported,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      ...(options.clientIdMetadataDocuments === true
        ? { client_id_metadata_document_supported: true }
        : {}),
      ...metadataOverrides,
    }
  }

  function findClient(clientId: string): Client | undefined {
    const known = clients.get(clientId)
    if (known !== undefined) return known
    const isUrl = options.clientIdMetadataDocuments === true && URL.canParse(clientId)
    return isUrl ? { redirectUris: undefined } : undefined
  }

  function authorize(query: Readonly<Record<string, string>>): Answer {
    const { client_id: clientId = '', redirect_uri: redirectUri = '', state } = query
    const client = findClient(clientId)
    if (client === undefined) return oauthError('invalid_client')
    if (!acceptsRedirect(client, redirectUri)) return oauthError('invalid_redirect_uri')
    const target = new URL(redirectUri)
    target.searchParams.set('iss', issuer)
    if (state !== undefined) target.searchParams.set('state', state)
    const codeChallenge = query['code_challenge']
    if (
      query['response_type'] !== 'code' ||
      codeChallenge === undefined ||
      query['code_challenge_method'] !== 'S256'
    ) {
      target.searchParams.set('error', 'invalid_request')
      return redirect(target, 'invalid_request')
    }
    const code = randomBytes(16).toString('base64url')
    codes.set(code, {
      clientId,
      redirectUri,
      scope: grantedScope(query['scope']),
      resource: query['resource'],
      codeChallenge,
    })
    target.searchParams.set('code', code)
    return redirect(target, 'approved')
  }

  function grantedScope(requested: string | undefined): string {
    if (requested === undefined) return options.defaultScope ?? scopesSupported[0] ?? ''
    return splitScope(requested)
      .filter((scope) => scopesSupported.includes(scope))
      .join(' ')
  }

  /** The ID of the client that proved to be itself. */
  function authenticated(
    form: Readonly<Record<string, string>>,
    authorization: string | undefined,
  ): string | undefined {
    const { clientId, clientSecret } = credentialsOf(form, authorization)
    const client = findClient(clientId)
    const isGenuine = client?.clientSecret === undefined || client.clientSecret === clientSecret
    return client !== undefined && isGenuine ? clientId : undefined
  }

  async function token(
    form: Readonly<Record<string, string>>,
    authorization: string | undefined,
  ): Promise<Answer> {
    const clientId = authenticated(form, authorization)
    if (clientId === undefined) return oauthError('invalid_client', 401)
    if (form['grant_type'] === 'authorization_code') return await redeem(form, clientId)
    if (form['grant_type'] === 'refresh_token') return await refresh(form, clientId)
    return oauthError('unsupported_grant_type')
  }

  async function redeem(form: Readonly<Record<string, string>>, clientId: string): Promise<Answer> {
    const code = form['code'] ?? ''
    const pending = codes.get(code)
    codes.delete(code)
    const challenge = createHash('sha256')
      .update(form['code_verifier'] ?? '')
      .digest('base64url')
    if (
      pending === undefined ||
      pending.clientId !== clientId ||
      pending.redirectUri !== form['redirect_uri'] ||
      pending.codeChallenge !== challenge
    ) {
      return oauthError('invalid_grant')
    }
    const resource = form['resource'] ?? pending.resource
    if (pending.resource !== undefined && resource !== pending.resource) {
      return oauthError('invalid_target')
    }
    const grant = grants.create({ clientId, scope: pending.scope, resource })
    return await tokenResponse(grant, grant.scope, firstRefreshToken(grant), 'issued')
  }

  function firstRefreshToken(grant: GrantView): string | undefined {
    if (issueRefreshTokens === 'never') return undefined
    const offline = splitScope(grant.scope).includes('offline_access')
    if (issueRefreshTokens === 'offline_access' && !offline) return undefined
    return grants.issueRefreshToken(grant.id)
  }

  async function refresh(
    form: Readonly<Record<string, string>>,
    clientId: string,
  ): Promise<Answer> {
    const presented = form['refresh_token'] ?? ''
    const before = grants.grantOf(presented)
    const scope = form['scope'] ?? before?.scope ?? ''
    const granted = splitScope(before?.scope ?? '')
    if (before !== undefined && splitScope(scope).some((one) => !granted.includes(one))) {
      return oauthError('invalid_scope')
    }
    const { resource } = form
    if (before !== undefined && resource !== undefined && resource !== before.resource) {
      return oauthError('invalid_target')
    }
    const outcome = grants.refresh(presented, clientId, clock.nowEpochSeconds())
    if (outcome.kind !== 'refreshed' && outcome.kind !== 'replayed') {
      return { ...oauthError('invalid_grant'), outcome: outcome.kind }
    }
    return await tokenResponse(outcome.grant, scope, outcome.refreshToken, outcome.kind)
  }

  async function tokenResponse(
    grant: GrantView,
    scope: string,
    refreshToken: string | undefined,
    outcome: string,
  ): Promise<Answer> {
    const accessToken = await signAccessToken({
      scope,
      resource: grant.resource,
      clientId: grant.clientId,
    })
    const body = {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      refresh_token: refreshToken,
      scope,
    }
    return json(200, body, outcome)
  }

  function signAccessToken(request: AccessTokenRequest): Promise<string> {
    return signer.sign(issuer, request, {
      epochSeconds: clock.nowEpochSeconds(),
      lifetimeSeconds,
    })
  }

  function register(body: unknown): Answer {
    const members = typeof body === 'object' && body !== null ? body : {}
    const redirectUris: unknown = 'redirect_uris' in members ? members.redirect_uris : undefined
    if (!Array.isArray(redirectUris) || !redirectUris.every((uri) => typeof uri === 'string')) {
      return oauthError('invalid_redirect_uri')
    }
    const clientId = `client-${randomUUID()}`
    clients.set(clientId, { redirectUris })
    const registered = {
      grant_types: ['authorization_code'],
      response_types: ['code'],
      ...members,
      token_endpoint_auth_method: 'none',
      client_id: clientId,
      client_id_issued_at: Math.floor(clock.nowEpochSeconds()),
    }
    return json(201, registered, 'registered')
  }

  function revoke(
    form: Readonly<Record<string, string>>,
    authorization: string | undefined,
  ): Answer {
    const clientId = authenticated(form, authorization)
    // RFC 7009 §2.1: clients authenticate as at the token endpoint.
    if (clientId === undefined) return oauthError('invalid_client', 401)
    const grant = grants.grantOf(form['token'] ?? '')
    if (grant?.clientId !== clientId) {
      // RFC 7009 §2.2: an unknown token is no error.
      return { status: 200, body: '', outcome: 'ignored' }
    }
    grants.revoke(grant.id)
    return { status: 200, body: '', outcome: 'revoked' }
  }

  function grantIdOr(grantId: string | undefined): string {
    return grantId ?? grants.all().at(-1)?.id ?? ''
  }

  return {
    issuer,
    port: server.port,
    jwksUri: `${issuer}/jwks`,
    get tokenEndpoint() {
      return `${issuer}${tokenPath}`
    },
    faults,
    requests,
    count: (endpoint, outcome) =>
      requests.filter(
        (entry) =>
          entry.endpoint === endpoint && (outcome === undefined || entry.outcome === outcome),
      ).length,
    refreshRequests: () =>
      requests.filter((entry) => entry.form['grant_type'] === 'refresh_token').length,
    overrideMetadata(members) {
      metadataOverrides = { ...metadataOverrides, ...members }
    },
    grants: () => grants.all(),
    isGrantAlive: (grantId) => grants.get(grantIdOr(grantId))?.alive === true,
    liveRefreshTokens: (grantId) => grants.liveRefreshTokens(grantIdOr(grantId)),
    revokeGrant: (grantId) => grants.revoke(grantIdOr(grantId)),
    forgetClient(clientId) {
      clients.delete(clientId)
    },
    rotateClientSecret(clientId, clientSecret) {
      clients.set(clientId, { redirectUris: clients.get(clientId)?.redirectUris, clientSecret })
    },
    moveTokenEndpoint(path) {
      routes.delete(`${issuerPath}${tokenPath}`)
      tokenPath = path
      routes.set(`${issuerPath}${tokenPath}`, 'token')
    },
    async issueGrant(request) {
      if (!clients.has(request.clientId)) clients.set(request.clientId, { redirectUris: undefined })
      const grant = grants.create({ ...request, resource: request.resource })
      return {
        grantId: grant.id,
        accessToken: await signAccessToken(request),
        refreshToken: firstRefreshToken(grant),
        expiresInSeconds: lifetimeSeconds,
      }
    },
    signAccessToken,
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function routesOf(
  issuerPath: string,
  wellKnown: readonly WellKnownForm[],
): Map<string, AuthorizationServerEndpoint> {
  const routes = new Map<string, AuthorizationServerEndpoint>([
    [`${issuerPath}/authorize`, 'authorize'],
    [`${issuerPath}/token`, 'token'],
    [`${issuerPath}/register`, 'register'],
    [`${issuerPath}/revoke`, 'revoke'],
    [`${issuerPath}/jwks`, 'jwks'],
  ])
  const places: Readonly<Record<WellKnownForm, string>> = {
    oauth: `/.well-known/oauth-authorization-server${issuerPath}`,
    'openid-inserted': `/.well-known/openid-configuration${issuerPath}`,
    'openid-appended': `${issuerPath}/.well-known/openid-configuration`,
  }
  for (const form of wellKnown) routes.set(places[form], 'metadata')
  return routes
}

function acceptsRedirect(client: Client, redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false
  if (client.redirectUris === undefined) return true
  return client.redirectUris.some(
    (registered) => registered === redirectUri || sameButPort(registered, redirectUri),
  )
}

/** RFC 8252 §7.3: the port of a loopback redirect is chosen at the time of the request. */
function sameButPort(registered: string, redirectUri: string): boolean {
  const [a, b] = [new URL(registered), new URL(redirectUri)]
  if (!['127.0.0.1', '[::1]', 'localhost'].includes(a.hostname)) return false
  a.port = ''
  b.port = ''
  return a.href === b.href
}

/** RFC 6749 §2.3.1: HTTP Basic with both parts form-encoded, else members of the form. */
function credentialsOf(
  form: Readonly<Record<string, string>>,
  authorization: string | undefined,
): { readonly clientId: string; readonly clientSecret: string | undefined } {
  const basic = /^Basic (.+)$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined) {
    return { clientId: form['client_id'] ?? '', clientSecret: form['client_secret'] }
  }
  const [clientId = '', clientSecret = ''] = Buffer.from(basic, 'base64')
    .toString('utf8')
    .split(':')
    .map((part) => new URLSearchParams(`=${part}`).get('') ?? '')
  return { clientId, clientSecret }
}

function splitScope(scope: string): string[] {
  return scope.split(' ').filter((one) => one !== '')
}

function json(status: number, body: unknown, outcome: string): Answer {
  return { status, headers: jsonHeaders, body: JSON.stringify(body), outcome }
}

function oauthError(error: string, status: number = 400): Answer {
  return json(status, { error }, error)
}

function redirect(target: URL, outcome: string): Answer {
  return { status: 302, headers: { location: target.href }, body: '', outcome }
}
