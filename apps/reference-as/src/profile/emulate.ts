import type { IncomingMessage } from 'node:http'
import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Emulation } from './emulation.ts'

/** As much as the engine reads. */
const longestBody = 56 * 1024

/** The engine's context; outside its own routes it carries nothing of OIDC. */
type Context = Parameters<Parameters<Provider['use']>[0]>[0]

/**
 * Rewrites requests before the engine sees them, and its answers before anybody else does, to what
 * a profile's product takes and gives. Call it before anything else is attached to the provider.
 */
export function emulate(provider: Provider, emulation: Emulation): void {
  provider.use(async (ctx, next) => {
    if (answersInstead(ctx, emulation)) return
    if (await refusesToken(ctx, provider, emulation)) return
    rewriteAuthorization(ctx, provider, emulation)
    await next()
    if (ctx.path.startsWith('/.well-known/')) rewriteMetadata(ctx, emulation)
    if (!emulation.iss) withoutIss(ctx)
    if (ctx.path === provider.pathFor('token')) rewriteTokens(ctx, emulation)
  })
}

/** @throws what the engine sends back to the client, in the words of RFC 6749 §4.1.2.1. */
export function refuseAuthorization(ctx: KoaContextWithOIDC, emulation: Emulation): void {
  const { scope, resource } = ctx.query
  const scopes = typeof scope === 'string' ? scope.split(' ') : []
  if (emulation.offlineAccess === 'refused' && scopes.includes('offline_access')) {
    throw new errors.InvalidScope('this scope is not known here', 'offline_access')
  }
  if (emulation.scopeRequired && scope === undefined) {
    throw new errors.InvalidRequest('missing required parameter: scope')
  }
  if (emulation.resource === 'refused' && resource !== undefined) {
    throw new errors.InvalidTarget('the resource parameter is not supported')
  }
}

/** Answers for a well-known URI that the product does not have. */
function answersInstead(ctx: Context, { metadataAt }: Emulation): boolean {
  if (metadataAt === 'both') return false
  if (!ctx.path.startsWith('/.well-known/oauth-authorization-server')) return false
  if (metadataAt === 'openid-configuration') {
    ctx.status = 404
  } else {
    ctx.type = 'html'
    ctx.body = '<!doctype html><title>Sign in</title><p>Sign in.</p>'
  }
  return true
}

/**
 * Takes `resource` out of a token request, or refuses the request for it before the engine spends
 * the token. The engine reads the parameters from where this leaves them.
 */
async function refusesToken(
  ctx: Context,
  provider: Provider,
  { resource }: Emulation,
): Promise<boolean> {
  if (resource === 'honoured' || ctx.method !== 'POST') return false
  if (ctx.path !== provider.pathFor('token')) return false
  const parameters = new URLSearchParams(await boundedText(ctx.req))
  if (resource === 'refused' && parameters.has('resource')) {
    ctx.status = 400
    ctx.body = {
      error: 'invalid_target',
      error_description: 'the resource parameter is not supported',
    }
    return true
  }
  parameters.delete('resource')
  const request: IncomingMessage & { body?: unknown } = ctx.req
  request.body = Object.fromEntries(parameters)
  return false
}

async function boundedText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > longestBody) throw new errors.InvalidRequest('the request is too long')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function rewriteAuthorization(ctx: Context, provider: Provider, emulation: Emulation): void {
  if (ctx.method !== 'GET' || ctx.path !== provider.pathFor('authorization')) return
  const query = { ...ctx.query }
  if (emulation.resource === 'ignored') delete query['resource']
  const { scope, prompt } = query
  const asksConsent = typeof prompt === 'string' && prompt.split(' ').includes('consent')
  if (emulation.promptConsentNeeded && !asksConsent && typeof scope === 'string') {
    query['scope'] = scope
      .split(' ')
      .filter((token) => token !== 'offline_access')
      .join(' ')
  }
  ctx.query = query
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
