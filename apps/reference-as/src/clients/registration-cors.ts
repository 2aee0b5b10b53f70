import type { IncomingHttpHeaders } from 'node:http'
import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { isRedirectOrigin, isWebOrigin } from '../http/page-origins.ts'

/** The engine's context. Outside its own routes it has no `oidc`. */
type Context = Parameters<Parameters<Provider['use']>[0]>[0]

/**
 * Lets pages register. The engine has CORS on its other endpoints, and none on this one. A preflight
 * does not say what will be registered, so it is answered for every web page. The registration is
 * accepted, and its response can be read, only if a redirect URI is of the page's own origin
 * ({@link assertRegistrationOrigin}).
 *
 * @param isOffered - Whether the engine has the endpoint at all.
 */
export function allowRegistrationFromPages(provider: Provider, isOffered: boolean): void {
  provider.use(async (ctx, next) => {
    if (!isOffered || ctx.path !== provider.pathFor('registration')) {
      await next()
      return
    }
    ctx.vary('Origin')
    const origin = ctx.get('origin')
    if (ctx.method === 'OPTIONS' && isWebOrigin(origin)) {
      ctx.set({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': ctx.get('access-control-request-headers'),
        'access-control-max-age': '3600',
      })
      ctx.status = 204
      return
    }
    await next()
    if (isRedirectOrigin(origin, registeredUris(ctx))) {
      ctx.set('access-control-allow-origin', origin)
    }
  })
}

/**
 * Refuses a registration by the script of a page that no redirect URI leads to. Any page that a user
 * opens could otherwise store registrations from the user's address. Other clients than browsers do not
 * send `Sec-Fetch-Mode`.
 *
 * @throws `errors.InvalidClientMetadata` of oidc-provider
 */
export function assertRegistrationOrigin(headers: IncomingHttpHeaders, body: unknown): void {
  const { origin } = headers
  if (origin === undefined || headers['sec-fetch-mode'] === undefined) return
  if (isRedirectOrigin(origin, Reflect.get(Object(body), 'redirect_uris'))) return
  throw new errors.InvalidClientMetadata(
    'redirect_uris: a page can register a client only with a redirect URI of its own origin',
  )
}

function registeredUris(ctx: Context): unknown {
  const oidc: unknown = Reflect.get(ctx, 'oidc')
  const body: unknown = (oidc as KoaContextWithOIDC['oidc'] | undefined)?.body
  return Reflect.get(Object(body), 'redirect_uris')
}
