import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as oauth from 'oauth4webapi'
import { startAuthorizationServer } from '../src/index.ts'
import type {
  AuthorizationServerOptions,
  LogEntry,
  RunningAuthorizationServer,
} from '../src/index.ts'

export const resource = 'http://127.0.0.1:9/mcp'
export const redirectUri = 'http://127.0.0.1:7777/callback'

// oauth4webapi marks it deprecated to prevent accidental use.
// oxlint-disable-next-line typescript/no-deprecated
export const insecure = { [oauth.allowInsecureRequests]: true } as const

/** A server for one test, with its log. `await using` closes it. */
export async function startServer(options: AuthorizationServerOptions = {}) {
  const logs: LogEntry[] = []
  const server = await startAuthorizationServer({
    demo: true,
    databasePath: ':memory:',
    // Most tests present tokens right after they get them.
    overlapSeconds: 0,
    log: (entry) => logs.push(entry),
    ...options,
  })
  return {
    ...server,
    logs,
    async [Symbol.asyncDispose]() {
      await server.close()
    },
  }
}

/** A directory for one test. */
export function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'evergrant-as-'))
  return {
    file: (name: string) => path.join(folder, name),
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Server = Pick<RunningAuthorizationServer, 'issuer'>

export async function discover(server: Server): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(server.issuer)
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  return await oauth.processDiscoveryResponse(issuer, response)
}

export async function register(
  server: Server,
  metadata: Record<string, oauth.JsonValue> = {},
): Promise<oauth.Client> {
  const response = await oauth.dynamicClientRegistrationRequest(
    await discover(server),
    {
      client_name: 'Test client',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      ...metadata,
    },
    insecure,
  )
  return await oauth.processDynamicClientRegistrationResponse(response)
}

export interface Authorization {
  readonly client: oauth.Client
  readonly verifier: string
  readonly state: string
  readonly url: URL
}

/** An authorization request. `undefined` omits a parameter. */
export async function authorizationRequest(
  server: Server,
  client: oauth.Client,
  parameters: Record<string, string | undefined> = {},
): Promise<Authorization> {
  const metadata = await discover(server)
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(metadata.authorization_endpoint ?? '')
  const all = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    // What a client needs for a refresh token with the default preset.
    scope: 'mcp:read offline_access',
    resource,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...parameters,
  }
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return { client, verifier, state, url }
}

/** The redirect with which the demo server answers an authorization request. */
export async function answerOf(authorization: Authorization): Promise<URL> {
  const response = await fetch(authorization.url, { redirect: 'manual' })
  const location = response.headers.get('location')
  if (location === null) throw new Error(`no redirect, but status ${response.status}`)
  return new URL(location)
}

/** Redeems the response of an authorization request. */
export async function redeem(
  server: Server,
  { client, verifier, state }: Authorization,
  answer: URL,
  redirectedTo: string = redirectUri,
  additionalParameters: Record<string, string> = {},
): Promise<oauth.TokenEndpointResponse> {
  const metadata = await discover(server)
  const parameters = oauth.validateAuthResponse(metadata, client, answer, state)
  const response = await oauth.authorizationCodeGrantRequest(
    metadata,
    client,
    oauth.None(),
    parameters,
    redirectedTo,
    verifier,
    { ...insecure, additionalParameters },
  )
  return await oauth.processAuthorizationCodeResponse(metadata, client, response)
}

/** Signs in at a demo server. */
export async function signIn(
  server: Server,
  options: {
    readonly client?: oauth.Client
    readonly parameters?: Record<string, string | undefined>
  } = {},
) {
  const client = options.client ?? (await register(server))
  const authorization = await authorizationRequest(server, client, options.parameters)
  const tokens = await redeem(server, authorization, await answerOf(authorization))
  return { client, tokens }
}

/** Signs in and expects a refresh token. */
export async function signInWithRefreshToken(server: Server) {
  const { client, tokens } = await signIn(server)
  const { refresh_token: refreshToken } = tokens
  if (refreshToken === undefined) throw new Error('expected a refresh token')
  return { client, tokens, refreshToken }
}

/** A refresh that must succeed. */
export async function refresh(
  server: Server,
  client: oauth.Client,
  refreshToken: string,
): Promise<oauth.TokenEndpointResponse & { readonly refresh_token: string }> {
  const metadata = await discover(server)
  const response = await oauth.refreshTokenGrantRequest(
    metadata,
    client,
    oauth.None(),
    refreshToken,
    insecure,
  )
  const tokens = await oauth.processRefreshTokenResponse(metadata, client, response)
  if (tokens.refresh_token === undefined) throw new Error('expected a refresh token')
  return { ...tokens, refresh_token: tokens.refresh_token }
}

/** Status and JSON body of a form post, for requests that a valid client would not send. */
export async function post(
  server: Server,
  endpoint: string,
  form: Record<string, string>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(new URL(endpoint, server.issuer), {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const text = await response.text()
  const body: unknown = text === '' ? {} : JSON.parse(text)
  if (typeof body !== 'object' || body === null) throw new Error('expected a JSON object')
  return { status: response.status, body: { ...body } }
}

/** The outcome of presenting a refresh token: `ok`, or the OAuth error code. */
export async function presentation(
  server: Server,
  client: oauth.Client,
  refreshToken: string,
  extra: Record<string, string> = {},
): Promise<unknown> {
  const { status, body } = await post(server, '/token', {
    grant_type: 'refresh_token',
    client_id: client.client_id,
    refresh_token: refreshToken,
    ...extra,
  })
  return status === 200 ? 'ok' : body['error']
}
