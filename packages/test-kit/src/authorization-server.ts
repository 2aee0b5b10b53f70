import { createAccessTokenSigner } from './access-tokens.ts'
import type { AccessTokenRequest } from './access-tokens.ts'
import { json } from './authorization-server/answers.ts'
import { createAuthorizationCodes } from './authorization-server/authorization-codes.ts'
import { createClientRegistry } from './authorization-server/clients.ts'
import { createDeviceCodes } from './authorization-server/device-codes.ts'
import { handleRequest } from './authorization-server/handle-request.ts'
import type { EndpointAnswers, RequestHandling } from './authorization-server/handle-request.ts'
import { metadataDocument, routesOf } from './authorization-server/metadata.ts'
import { createScopePolicy } from './authorization-server/scope-policy.ts'
import type {
  ScriptedAuthorizationServer,
  ScriptedAuthorizationServerOptions,
} from './authorization-server/scripted-server.ts'
import { createTokenEndpoint } from './authorization-server/token-endpoint.ts'
import { createGrantStore } from './grants.ts'
import { startServer } from './server.ts'

/**
 * Starts a small authorization server that signs users in without a prompt: RFC 8414 metadata,
 * authorization code with PKCE, refresh tokens for public clients, dynamic registration, revocation,
 * JWT access tokens. The returned object holds all state.
 */
export async function startScriptedAuthorizationServer(
  options: ScriptedAuthorizationServerOptions = {},
): Promise<ScriptedAuthorizationServer> {
  const { issuerPath = '', port, clientIdMetadataDocuments = false } = options
  const clock = options.clock ?? { nowEpochSeconds: () => Date.now() / 1000 }
  const lifetimeSeconds = options.accessTokenLifetimeSeconds ?? 3600
  const clients = createClientRegistry(options)
  const scopes = createScopePolicy(options)
  const grants = createGrantStore({
    rotation: options.rotation ?? 'rotate',
    familyRevocation: options.familyRevocation ?? true,
    graceSeconds: options.graceSeconds ?? 0,
  })
  const requests: RequestHandling['requests'] = []
  const faults: RequestHandling['faults'] = {
    metadata: [],
    jwks: [],
    authorize: [],
    device: [],
    token: [],
    register: [],
    revoke: [],
  }
  let tokenPath = '/token'
  let metadataOverrides: Readonly<Record<string, unknown>> = {}
  const signer = await createAccessTokenSigner()
  const routes = routesOf(issuerPath, options.wellKnown ?? ['oauth'])
  const server = await startServer(
    (request, response) =>
      handleRequest(request, response, { issuer, routes, answers, faults, requests }),
    port === undefined ? {} : { port },
  )
  const issuer = `${server.url}${issuerPath}`
  const codes = createAuthorizationCodes(issuer, clients, scopes, options)
  const now = (): number => clock.nowEpochSeconds()
  const devices = createDeviceCodes(issuer, clients, scopes, now, options)
  const tokens = createTokenEndpoint(clients, codes, devices, scopes, grants, {
    lifetimeSeconds,
    issueRefreshTokens: options.issueRefreshTokens ?? 'always',
    signAccessToken,
    nowEpochSeconds: now,
  })
  const answers: EndpointAnswers = {
    metadata: () => json(200, metadata(), 'served'),
    jwks: () => json(200, signer.jwks, 'served'),
    authorize: ({ query }) => codes.authorize(query),
    device: ({ form, headers }) => devices.authorize(form, headers.authorization),
    token: ({ form, headers }) => tokens.token(form, headers.authorization),
    register: ({ json: body }) => clients.register(body, clock.nowEpochSeconds()),
    revoke: ({ form, headers }) => tokens.revoke(form, headers.authorization),
  }

  function metadata(): Record<string, unknown> {
    return {
      ...metadataDocument({
        issuer,
        tokenPath,
        scopesSupported: scopes.supported,
        clientIdMetadataDocuments,
        deviceGrant: options.deviceGrant !== undefined,
      }),
      ...metadataOverrides,
    }
  }

  function signAccessToken(request: AccessTokenRequest): Promise<string> {
    return signer.sign(issuer, request, { epochSeconds: now(), lifetimeSeconds })
  }

  function grantIdOr(grantId: string | undefined): string {
    return grantId ?? grants.all().at(-1)?.id ?? ''
  }

  return {
    faults,
    requests,
    issuer,
    port: server.port,
    jwksUri: `${issuer}/jwks`,
    get tokenEndpoint() {
      return `${issuer}${tokenPath}`
    },
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
    forgetClient: (clientId) => clients.forget(clientId),
    rotateClientSecret: (clientId, clientSecret) => clients.rotateSecret(clientId, clientSecret),
    approveDevice: (userCode) => devices.decide('approved', userCode),
    declineDevice: (userCode) => devices.decide('denied', userCode),
    moveTokenEndpoint(path) {
      routes.delete(`${issuerPath}${tokenPath}`)
      tokenPath = path
      routes.set(`${issuerPath}${tokenPath}`, 'token')
    },
    async issueGrant(request) {
      clients.ensure(request.clientId)
      const grant = grants.create({ ...request, resource: request.resource })
      return {
        grantId: grant.id,
        accessToken: await signAccessToken(request),
        refreshToken: tokens.firstRefreshToken(grant),
        expiresInSeconds: lifetimeSeconds,
      }
    },
    signAccessToken,
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
