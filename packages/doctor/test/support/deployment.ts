import { readBody, startServer } from '@evergrant/test-kit'

/** An answer of a deployment. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The request fails instead, with this error code. */
  readonly failure?: string
  /** How much time passes on the clock of the test. */
  readonly takesMilliseconds?: number
}

/** A request to a deployment. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** The servers of a deployment: what they answer at each URL. */
export interface Deployment {
  readonly serverUrl: string
  readonly answers: Readonly<Record<string, (asked: Asked) => Answer>>
}

export const serverUrl = 'https://mcp.test/mcp'
export const issuer = 'https://as.test'
export const urls = {
  resourceMetadata: 'https://mcp.test/.well-known/oauth-protected-resource/mcp',
  rootResourceMetadata: 'https://mcp.test/.well-known/oauth-protected-resource',
  serverMetadata: 'https://as.test/.well-known/oauth-authorization-server',
  openIdMetadata: 'https://as.test/.well-known/openid-configuration',
  keys: 'https://as.test/jwks',
  token: 'https://as.test/token',
  register: 'https://as.test/register',
} as const

export const resourceDocument: Readonly<Record<string, unknown>> = {
  resource: serverUrl,
  authorization_servers: [issuer],
  scopes_supported: ['mcp:read', 'mcp:write'],
  bearer_methods_supported: ['header'],
}

export const serverDocument: Readonly<Record<string, unknown>> = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: urls.token,
  registration_endpoint: urls.register,
  revocation_endpoint: `${issuer}/revoke`,
  jwks_uri: urls.keys,
  scopes_supported: ['mcp:read', 'mcp:write', 'offline_access'],
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_methods_supported: ['none'],
  code_challenge_methods_supported: ['S256'],
  client_id_metadata_document_supported: true,
  authorization_response_iss_parameter_supported: true,
}

export const keySet: { readonly keys: readonly Readonly<Record<string, string>>[] } = {
  keys: [
    { kty: 'OKP', crv: 'Ed25519', kid: '1', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
  ],
}

/** A JSON answer that pages of every origin can read. */
export function json(body: unknown, more: Partial<Answer> = {}): Answer {
  return {
    status: 200,
    body: JSON.stringify(body),
    ...more,
    headers: {
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      ...more.headers,
    },
  }
}

export const html: Answer = {
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<!doctype html><title>App</title><div id="root"></div>',
}

export const challengeOf = (parameters: string): Answer => ({
  status: 401,
  headers: {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'WWW-Authenticate',
    'www-authenticate': parameters,
  },
  body: '{"error":"unauthorized"}',
})

export const healthyChallenge: string = `Bearer scope="mcp:read", resource_metadata="${urls.resourceMetadata}"`
export const invalidTokenChallenge: string = `Bearer error="invalid_token", scope="mcp:read", resource_metadata="${urls.resourceMetadata}"`

const preflight: Answer = {
  status: 204,
  headers: {
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'authorization, content-type, mcp-protocol-version',
  },
}

/** A deployment without a fault. */
export const healthy: Deployment = {
  serverUrl,
  answers: {
    [serverUrl]: ({ method, headers }) => {
      if (method === 'OPTIONS') return preflight
      return challengeOf(
        headers['authorization'] === undefined ? healthyChallenge : invalidTokenChallenge,
      )
    },
    [urls.resourceMetadata]: () => json(resourceDocument),
    [urls.serverMetadata]: () => json(serverDocument),
    [urls.keys]: () => json(keySet),
    [urls.token]: () => preflight,
    [urls.register]: () => preflight,
  },
}

/** The same deployment with other answers. */
export function withAnswers(
  answers: Readonly<Record<string, Answer | ((asked: Asked) => Answer)>>,
  deployment: Deployment = healthy,
): Deployment {
  const changed = Object.entries(answers).map(([url, answer]) => [
    url,
    typeof answer === 'function' ? answer : () => answer,
  ])
  return { ...deployment, answers: { ...deployment.answers, ...Object.fromEntries(changed) } }
}

/** The same deployment with other members in the protected resource metadata. */
export function withResource(members: Readonly<Record<string, unknown>>): Deployment {
  return withAnswers({ [urls.resourceMetadata]: json({ ...resourceDocument, ...members }) })
}

/** The same deployment with other members in the authorization server metadata. */
export function withServer(members: Readonly<Record<string, unknown>>): Deployment {
  return withAnswers({ [urls.serverMetadata]: json({ ...serverDocument, ...members }) })
}

/** The same deployment with another challenge to requests without a token. */
export function withChallenge(parameters: string): Deployment {
  return withAnswers({
    [serverUrl]: (asked) =>
      asked.method === 'POST' && asked.headers['authorization'] === undefined
        ? challengeOf(parameters)
        : (healthy.answers[serverUrl]?.(asked) ?? { status: 404 }),
  })
}

/** A deployment that runs on loopback under its own names. */
export interface RunningDeployment extends AsyncDisposable {
  /** Sends requests for the names of the deployment to the loopback server. */
  readonly fetch: typeof globalThis.fetch
  readonly clock: { nowEpochSeconds(): number }
  readonly requests: readonly Asked[]
}

/** The messages of Node.js for error codes. */
const failureMessages: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect ECONNREFUSED 192.0.2.1:443',
  CERT_HAS_EXPIRED: 'certificate has expired',
}

/** The time of every test. */
const startEpochSeconds = 1_790_000_000

/** Starts a deployment. URLs without an answer have status 404. */
export async function startDeployment({ answers }: Deployment): Promise<RunningDeployment> {
  const requests: Asked[] = []
  let elapsedMilliseconds = 0
  const nowEpochSeconds = (): number => startEpochSeconds + elapsedMilliseconds / 1000
  const server = await startServer(async (incoming, response) => {
    const { 'x-test-url': url, ...headers } = incoming.headers
    const asked: Asked = {
      method: incoming.method ?? '',
      url: String(url),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, String(value)]),
      ),
      body: await readBody(incoming),
    }
    requests.push(asked)
    const answer = answers[asked.url]?.(asked) ?? { status: 404 }
    elapsedMilliseconds += answer.takesMilliseconds ?? 0
    if (answer.failure !== undefined) {
      response.destroy()
      return
    }
    // The date of the test's clock, not of this machine.
    response.sendDate = false
    response.writeHead(answer.status, {
      date: new Date(nowEpochSeconds() * 1000).toUTCString(),
      ...answer.headers,
    })
    response.end(answer.body)
  })
  return {
    requests,
    clock: { nowEpochSeconds },
    async fetch(input, init) {
      const url = input instanceof Request ? input.url : input.toString()
      const { failure } = failureAt(answers, url)
      const headers = new Headers(init?.headers)
      headers.set('x-test-url', url)
      try {
        return await fetch(server.url, { ...init, headers })
      } catch (error) {
        if (failure === undefined) throw error
        // The connection was closed as described. Name the error that the description asks for,
        // as Node.js does: an inner error would show that this server only closed the connection.
        const cause = Object.assign(new Error(failureMessages[failure] ?? failure), {
          code: failure,
        })
        // oxlint-disable-next-line preserve-caught-error -- See above.
        throw new TypeError('fetch failed', { cause })
      }
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function failureAt(answers: Deployment['answers'], url: string): { readonly failure?: string } {
  const probeRequest: Asked = { method: 'GET', url, headers: {}, body: '' }
  const { failure } = answers[url]?.(probeRequest) ?? { status: 404 }
  return failure === undefined ? {} : { failure }
}
