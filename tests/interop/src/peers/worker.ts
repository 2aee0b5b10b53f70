/**
 * The program that runs in workerd, outside this process: an authorization server with an
 * auto-approving authorize page. It is passed as text, with its types stripped.
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

// workerd runs the default export of a module.
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
      userId: 'user',
      scope: asked.scope,
      metadata: {},
      props: {},
    })
    return new Response(null, { status: 302, headers: { location: redirectTo } })
  },
}
