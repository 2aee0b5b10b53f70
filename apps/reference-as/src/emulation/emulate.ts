import type { IncomingMessage } from 'node:http'
import { parse } from 'node:querystring'
import type { ParsedUrlQuery } from 'node:querystring'
import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Emulation } from './emulation.ts'

/** The engine's own limit. */
const longestBody = 56 * 1024

/** The engine's context. Outside its own routes it has no `oidc`. */
type Context = Parameters<Parameters<Provider['use']>[0]>[0]

/**
 * Rewrites requests before the engine sees them, and responses before they are sent, so that the
 * server behaves like the emulated product. Attach it to the provider before everything else.
 */
export function emulate(provider: Provider, emulation: Emulation): void {
  provider.use(async (ctx, next) => {
    if (answersInstead(ctx, emulation)) return
    if (await refusesForm(ctx, provider, emulation)) return
    rewriteAuthorization(ctx, provider, emulation)
    await next()
    if (ctx.path.startsWith('/.well-known/')) rewriteMetadata(ctx, emulation)
    if (!emulation.iss) withoutIss(ctx)
    if (!emulation.announcesLifetimes) withoutLifetimes(ctx)
    if (ctx.path === provider.pathFor('token')) rewriteTokens(ctx, emulation)
  })
}

/** @throws Errors that the engine sends to the client (RFC 6749 §4.1.2.1). */
export function refuseAuthorization(ctx: KoaContextWithOIDC, emulation: Emulation): void {
  const { scope, resource } = ctx.query
  const scopes = typeof scope === 'string' ? scope.split(' ') : []
  if (emulation.offlineAccess === 'refused' && scopes.includes('offline_access')) {
    throw new errors.InvalidScope('this scope is not supported', 'offline_access')
  }
  if (emulation.scopeRequired && scope === undefined) {
    throw new errors.InvalidRequest('missing required parameter: scope')
  }
  if (emulation.resource === 'refused' && resource !== undefined) {
    throw new errors.InvalidTarget('the resource parameter is not supported')
  }
}

/** Answers at a well-known URI that the product does not have. */
function answersInstead(ctx: Context, { metadataAt }: Emulation): boolean {
  const isOauth = ctx.path.startsWith('/.well-known/oauth-authorization-server')
  const isOpenid = ctx.path.startsWith('/.well-known/openid-configuration')
  if (isOpenid && metadataAt === 'oauth-authorization-server') {
    ctx.status = 404
    return true
  }
  if (!isOauth) return false
  if (metadataAt === 'openid-configuration') {
    ctx.status = 404
    return true
  }
  if (metadataAt !== 'openid-configuration-and-a-page') return false
  ctx.type = 'html'
  ctx.body = '<!doctype html><title>Sign in</title><p>Sign in.</p>'
  return true
}

/**
 * Reads the form of a token request or a revocation, if the emulated product treats it differently:
 * removes `resource`, or refuses the request before the engine spends the token. The engine reads the
 * parameters from `request.body`, and refuses duplicates.
 */
async function refusesForm(
  ctx: Context,
  provider: Provider,
  emulation: Emulation,
): Promise<boolean> {
  const isToken = ctx.path === provider.pathFor('token')
  const isRevocation = ctx.path === provider.pathFor('revocation')
  const { resource, clientIdInForm, revocationSecret } = emulation
  const readsToken = isToken && (resource !== 'honored' || clientIdInForm === 'required')
  const readsRevocation = isRevocation && revocationSecret === 'form-only'
  if (ctx.method !== 'POST' || !(readsToken || readsRevocation)) return false
  // Other bodies are left unread, for the engine to refuse.
  if (typeof ctx.is('application/x-www-form-urlencoded') !== 'string') return false
  if ((ctx.request.length ?? 0) > longestBody) return false
  const parameters = await readForm(ctx)
  if (parameters === undefined) {
    return refuse(ctx, 'invalid_request', 'failed to parse the request body')
  }
  if (clientIdInForm === 'required' && parameters['client_id'] === undefined) {
    return refuse(ctx, 'invalid_client', 'Missing client_id', 401)
  }
  if (isRevocation && parameters['client_secret'] === undefined) {
    return refuse(ctx, 'invalid_request', 'client_secret: Field required')
  }
  if (resource === 'refused' && parameters['resource'] !== undefined) {
    return refuse(ctx, 'invalid_target', 'the resource parameter is not supported')
  }
  if (resource !== 'honored') delete parameters['resource']
  const request: IncomingMessage & { body?: unknown } = ctx.req
  request.body = parameters
  return false
}

function refuse(ctx: Context, error: string, description: string, status = 400): true {
  ctx.status = status
  ctx.set('cache-control', 'no-store')
  ctx.body = { error, error_description: description }
  return true
}

/** Parses as the engine does: a parameter that is present twice becomes a list. */
async function readForm(ctx: Context): Promise<ParsedUrlQuery | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > longestBody) return undefined
    chunks.push(bytes)
  }
  return parse(Buffer.concat(chunks).toString('utf8'))
}

function rewriteAuthorization(ctx: Context, provider: Provider, emulation: Emulation): void {
  if (ctx.method !== 'GET' || ctx.path !== provider.pathFor('authorization')) return
  const { resource, ...others } = ctx.query
  // Duplicates stay lists, for the engine to refuse.
  if (emulation.resource === 'ignored' && resource !== undefined) ctx.query = others
  const { scope, prompt } = ctx.query
  const asksConsent = typeof prompt === 'string' && prompt.split(' ').includes('consent')
  if (emulation.promptConsentNeeded && !asksConsent && typeof scope === 'string') {
    const kept = scope.split(' ').filter((token) => token !== 'offline_access')
    ctx.query = { ...ctx.query, scope: kept.join(' ') }
  }
}

function rewriteMetadata(ctx: Context, emulation: Emulation): void {
  const body: unknown = ctx.body
  if (!isMembers(body)) return
  if (!emulation.scopesSupported) delete body['scopes_supported']
  if (!emulation.codeChallengeMethods) delete body['code_challenge_methods_supported']
  if (!emulation.iss) delete body['authorization_response_iss_parameter_supported']
}

function withoutIss(ctx: Context): void {
  const location = ctx.response.get('location')
  const url = URL.parse(location)
  if (url === null || !url.searchParams.has('code')) return
  url.searchParams.delete('iss')
  ctx.set('location', url.href)
}

/** draft-ietf-oauth-refresh-token-expiration */
function withoutLifetimes(ctx: Context): void {
  const body: unknown = ctx.body
  if (!isMembers(body)) return
  delete body['refresh_token_timeout']
  delete body['authorization_expires_in']
  delete body['refresh_token_expiration_types_supported']
}

function rewriteTokens(ctx: Context, emulation: Emulation): void {
  const body: unknown = ctx.body
  if (!isMembers(body) || grantType(ctx) !== 'refresh_token') return
  if (emulation.rotation === 'no-token') delete body['refresh_token']
  if (body['error'] !== 'invalid_grant') return
  if (emulation.deadRefreshToken === 'bad_refresh_token') body['error'] = 'bad_refresh_token'
  if (emulation.deadRefreshToken === 'empty-400') {
    ctx.body = ''
    ctx.status = 400
  }
}

function grantType(ctx: Context): unknown {
  const oidc: unknown = Reflect.get(ctx, 'oidc')
  if (!isMembers(oidc) || !isMembers(oidc['params'])) return undefined
  return oidc['params']['grant_type']
}

function isMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
