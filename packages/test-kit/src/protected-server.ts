import { createRemoteJWKSet, jwtVerify } from 'jose'
import { answerWithFault, jsonHeaders } from './faults.ts'
import type { Fault, Reply } from './faults.ts'
import { parseRequest } from './request-log.ts'
import type { LoggedRequest } from './request-log.ts'
import { readBody, startServer } from './server.ts'

export interface ProtectedServerOptions {
  /** Default 0, any free port. */
  readonly port?: number
  /** Path of the protected resource. Default `/mcp`. Paths below it are protected too. */
  readonly path?: string
  /** Default: the clock of this machine. */
  readonly clock?: { nowEpochSeconds(): number }
  /** `scopes_supported` of the metadata. Default: left out. */
  readonly scopesSupported?: readonly string[]
  /** The required scope of each exact path. Default: none. */
  readonly scopeByPath?: Readonly<Record<string, string>>
  /** Overrides members of the protected resource metadata; `undefined` removes one. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** The location of the metadata: path-aware (default), at the root, or none. */
  readonly wellKnown?: 'path' | 'root' | 'none'
  /** Whether challenges contain `resource_metadata`. Default `true`. */
  readonly nameMetadataInChallenge?: boolean
  /** Replaces the `WWW-Authenticate` value of a 401. */
  readonly unauthorizedChallenge?: string
}

/** A small protected resource that counts its responses. */
export interface ProtectedServer extends AsyncDisposable {
  /** URL and identifier of the resource. */
  readonly resource: string
  readonly origin: string
  readonly metadataUrl: string
  /** Faults for the resource and for its metadata. */
  readonly faults: { readonly resource: Fault[]; readonly metadata: Fault[] }
  readonly requests: readonly LoggedRequest<'resource' | 'metadata'>[]
  /** How many requests to the resource got this status, without faults. */
  count(status: number): number
  /** The bearer tokens that were accepted, in order. */
  readonly acceptedTokens: readonly string[]
  /** Rejects this token with 401 from now on. */
  rejectToken(accessToken: string): void
  close(): Promise<void>
}

/**
 * Starts a protected resource that accepts JWT access tokens of one authorization server.
 *
 * @param authorizationServer - Its issuer and keys. It may run in another process.
 */
export async function startProtectedServer(
  authorizationServer: { readonly issuer: string; readonly jwksUri: string },
  options: ProtectedServerOptions = {},
): Promise<ProtectedServer> {
  const path = options.path ?? '/mcp'
  const wellKnown = options.wellKnown ?? 'path'
  const clock = options.clock ?? { nowEpochSeconds: () => Date.now() / 1000 }
  const keys = createRemoteJWKSet(new URL(authorizationServer.jwksUri))
  const metadataPath = `/.well-known/oauth-protected-resource${wellKnown === 'root' ? '' : path}`
  const requests: LoggedRequest<'resource' | 'metadata'>[] = []
  const faults: { resource: Fault[]; metadata: Fault[] } = { resource: [], metadata: [] }
  const rejected = new Set<string>()
  const acceptedTokens: string[] = []
  const server = await startServer(
    async (request, response) => {
      const parsed = parseRequest(request, await readBody(request))
      const endpoint = endpointAt(parsed.path)
      if (endpoint === undefined) {
        response.writeHead(404).end()
        return
      }
      const fault = faults[endpoint].shift() ?? { kind: 'pass' }
      const index = requests.length
      requests.push({ endpoint, ...parsed, outcome: 'not-reached', fault: fault.kind })
      await answerWithFault(response, fault, async () => {
        const reply =
          endpoint === 'metadata'
            ? json(200, metadata())
            : await guard(parsed.path, parsed.headers.authorization)
        requests[index] = {
          endpoint,
          ...parsed,
          outcome: String(reply.status),
          fault: fault.kind,
        }
        return reply
      })
    },
    options.port === undefined ? {} : { port: options.port },
  )
  const resource = `${server.url}${path}`
  const metadataUrl = `${server.url}${metadataPath}`

  function endpointAt(requested: string): 'resource' | 'metadata' | undefined {
    if (requested === metadataPath) return wellKnown === 'none' ? undefined : 'metadata'
    const below = path.endsWith('/') ? path : `${path}/`
    return requested === path || requested.startsWith(below) ? 'resource' : undefined
  }

  function metadata(): Record<string, unknown> {
    return {
      resource,
      authorization_servers: [authorizationServer.issuer],
      ...(options.scopesSupported === undefined
        ? {}
        : { scopes_supported: options.scopesSupported }),
      bearer_methods_supported: ['header'],
      ...options.metadata,
    }
  }

  async function guard(requested: string, authorization: string | undefined): Promise<Reply> {
    const required = options.scopeByPath?.[requested]
    if (authorization === undefined) return challenge(401, undefined, required)
    const token = /^Bearer (.+)$/i.exec(authorization)?.[1]
    if (token === undefined) return json(400, { error: 'invalid_request' })
    if (rejected.has(token)) return challenge(401, 'invalid_token', required)
    const scope = await verifiedScope(token)
    if (scope === undefined) return challenge(401, 'invalid_token', required)
    const held = scope.split(' ')
    if (required !== undefined && !required.split(' ').every((one) => held.includes(one))) {
      return challenge(403, 'insufficient_scope', required)
    }
    acceptedTokens.push(token)
    return json(200, { path: requested, scope })
  }

  async function verifiedScope(token: string): Promise<string | undefined> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: authorizationServer.issuer,
        audience: resource,
        algorithms: ['ES256'],
        currentDate: new Date(clock.nowEpochSeconds() * 1000),
      })
      return typeof payload['scope'] === 'string' ? payload['scope'] : ''
    } catch {
      return undefined
    }
  }

  function challenge(status: number, error: string | undefined, scope: string | undefined): Reply {
    const parameters = [
      ...(error === undefined ? [] : [`error="${error}"`]),
      ...(scope === undefined ? [] : [`scope="${scope}"`]),
      ...(options.nameMetadataInChallenge === false ? [] : [`resource_metadata="${metadataUrl}"`]),
    ]
    const own = status === 401 ? options.unauthorizedChallenge : undefined
    const value = own ?? `Bearer ${parameters.join(', ')}`.trim()
    return { ...json(status, { error }), headers: { ...jsonHeaders, 'www-authenticate': value } }
  }

  return {
    resource,
    origin: server.url,
    metadataUrl,
    faults,
    requests,
    acceptedTokens,
    count: (status) =>
      requests.filter((entry) => entry.endpoint === 'resource' && entry.outcome === String(status))
        .length,
    rejectToken(accessToken) {
      rejected.add(accessToken)
    },
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function json(status: number, body: unknown): Reply {
  return { status, headers: jsonHeaders, body: JSON.stringify(body) }
}
