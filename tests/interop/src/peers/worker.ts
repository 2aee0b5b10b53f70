/**
 * The program that runs in workerd, beside this process: an authorization server whose authorize
 * page approves at once. Its types are erased and it is handed over as text.
 */
import { OAuthAuthorizationServer } from '@cloudflare/workers-oauth-provider'

interface Bindings {
  readonly ISSUER: string
  readonly RESOURCE: string
  readonly SCOPE: string
}

function serverFor(bindings: Bindings): OAuthAuthorizationServer<Bindings> {
  return new OAuthAuthorizationServer<Bindings>({
    issuer: bindings.ISSUER,
    resources: [bindings.RESOURCE],
    scopesSupported: [bindings.SCOPE, 'offline_access'],
    clientRegistrationEndpoint: '/register',
  })
}

// workerd takes the default export of a module as the program.
// oxlint-disable-next-line import/no-default-export
export default {
  async fetch(
    request: Request,
    bindings: Bindings,
    context: Parameters<OAuthAuthorizationServer['fetch']>[2],
  ): Promise<Response> {
    const server = serverFor(bindings)
    if (new URL(request.url).pathname !== '/authorize') {
      return await server.fetch(request, bindings, context)
    }
    const api = server.getOAuthApi(bindings)
    const asked = await api.parseAuthRequest(request)
    const { redirectTo } = await api.completeAuthorization({
      request: asked,
      userId: 'person',
      scope: asked.scope,
      metadata: {},
      props: {},
    })
    return new Response(null, { status: 302, headers: { location: redirectTo } })
  },
}
