import {
  startFetchServer,
  startScriptedAuthorizationServer,
  virtualClock,
} from '@evergrant/test-kit'
import type { RunningServer, ScriptedAuthorizationServer, VirtualClock } from '@evergrant/test-kit'
import { protect } from '../src/fetch.ts'
import type { ProtectOptions } from '../src/fetch.ts'
import { createResourceServer } from '../src/index.ts'
import type { AccessDecision, ResourceServer, ResourceServerOptions } from '../src/index.ts'

/** A resource on a real socket, protected by `protect`, with its authorization server. */
export interface GuardedResource extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly clock: VirtualClock
  readonly resourceServer: ResourceServer
  readonly resource: string
  /** Every decision, in order. */
  readonly decisions: AccessDecision[]
  get(authorization?: string, path?: string): Promise<Response>
}

export async function startGuardedResource(
  options: ResourceServerOptions & Pick<ProtectOptions, 'scopes' | 'challengeScopes'> = {},
): Promise<GuardedResource> {
  const { scopes, challengeScopes, ...resourceServerOptions } = options
  const clock = virtualClock()
  const as = await startScriptedAuthorizationServer({ clock })
  const decisions: AccessDecision[] = []
  let serve: (request: Request) => Promise<Response> = () =>
    Promise.resolve(new Response(null, { status: 500 }))
  const server: RunningServer = await startFetchServer((request) => serve(request))
  const resource = `${server.url}/mcp`
  const resourceServer = createResourceServer(resource, [as.issuer], {
    clock,
    clockToleranceSeconds: 0,
    ...resourceServerOptions,
  })
  serve = protect(resourceServer, (_request, token) => Response.json(token), {
    ...(scopes === undefined ? {} : { scopes }),
    ...(challengeScopes === undefined ? {} : { challengeScopes }),
    observe: (decision) => decisions.push(decision),
  })
  return {
    as,
    clock,
    resourceServer,
    resource,
    decisions,
    get: (authorization, path = '/mcp') =>
      fetch(
        `${server.url}${path}`,
        authorization === undefined ? {} : { headers: { authorization } },
      ),
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
    },
  }
}
