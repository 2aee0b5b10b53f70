import { startFetchServer, virtualClock } from '@evergrant/test-kit'
import type { VirtualClock } from '@evergrant/test-kit'
import { createResourceServer } from '../src/index.ts'
import type {
  AccessDecision,
  ResourceServer,
  ResourceServerOptions,
  TokenIntrospection,
} from '../src/index.ts'
import { metadata, resource } from './key-server.ts'

/** An authorization server that introspects tokens, with a resource server that asks it. */
export interface IntrospectionServer extends AsyncDisposable {
  readonly issuer: string
  readonly clock: VirtualClock
  readonly resourceServer: ResourceServer
  /** The introspection requests, in order. */
  readonly requests: readonly IntrospectionRequest[]
  /** Replaces the answer to introspection requests. */
  answer(respond: (request: IntrospectionRequest) => Response | Promise<Response>): void
  decide(token: string): Promise<AccessDecision>
}

export interface IntrospectionRequest {
  readonly form: URLSearchParams
  readonly headers: Headers
}

/** The members of an answer for an active token of this resource. */
export function active(
  clock: VirtualClock,
  members: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    active: true,
    sub: 'alice',
    client_id: 'app',
    scope: 'mcp:read',
    aud: resource,
    token_type: 'Bearer',
    exp: clock.nowEpochSeconds() + 3600,
    ...members,
  }
}

export async function startIntrospectionServer(
  introspection: Partial<TokenIntrospection> = {},
  options: ResourceServerOptions = {},
): Promise<IntrospectionServer> {
  const clock = virtualClock()
  const requests: IntrospectionRequest[] = []
  let respond: (request: IntrospectionRequest) => Response | Promise<Response> = () =>
    Response.json(active(clock))
  const server = await startFetchServer(async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/.well-known/oauth-authorization-server') {
      const endpoint = { introspection_endpoint: `${server.url}/introspect` }
      return Response.json({ ...metadata(server.url), ...endpoint })
    }
    if (pathname !== '/introspect') return new Response(null, { status: 404 })
    const received = {
      form: new URLSearchParams(await request.text()),
      headers: request.headers,
    }
    requests.push(received)
    return await respond(received)
  })
  const credentials = { clientId: 'mcp-server', clientSecret: 'a secret/1' }
  const resourceServer = createResourceServer(
    resource,
    [{ issuer: server.url, introspection: { ...credentials, ...introspection } }],
    { clock, clockToleranceSeconds: 0, ...options },
  )
  return {
    issuer: server.url,
    clock,
    resourceServer,
    requests,
    answer(replacement) {
      respond = replacement
    },
    decide: async (token) =>
      await resourceServer.authorize({ authorization: `Bearer ${token}`, url: '/mcp' }),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
