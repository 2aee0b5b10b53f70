import { brokenAuthorizationServers } from './broken-authorization-servers.ts'
import type { BrokenServer } from './broken-server.ts'
import {
  challengeOf,
  healthy,
  healthyChallenge,
  html,
  issuer,
  json,
  keySet,
  resourceDocument,
  serverDocument,
  serverUrl,
  urls,
  withAnswers,
  withChallenge,
  withResource,
  withServer,
} from './deployment.ts'
import type { Answer, Asked, Deployment } from './deployment.ts'

/** The answers of the MCP server to requests that are not preflights. */
function answeringPost(answer: Answer | ((asked: Asked) => Answer)): Deployment {
  return withAnswers({
    [serverUrl]: (asked) => {
      if (asked.method !== 'POST') return healthy.answers[serverUrl]?.(asked) ?? { status: 404 }
      return typeof answer === 'function' ? answer(asked) : answer
    },
  })
}

/** The answer to a token that no server has issued. */
function answeringInvalidToken(answer: Answer): Deployment {
  return answeringPost((asked) =>
    asked.headers['authorization'] === undefined
      ? (healthy.answers[serverUrl]?.(asked) ?? { status: 404 })
      : answer,
  )
}

/** The healthy servers under another URL of the MCP server. */
function movedTo(url: string): Deployment {
  const at = new URL(url)
  const metadata = `${at.origin}/.well-known/oauth-protected-resource${at.pathname}`
  const challenge = (error: string): Answer =>
    challengeOf(`Bearer ${error}scope="mcp:read", resource_metadata="${metadata}"`)
  return {
    serverUrl: url,
    answers: {
      ...healthy.answers,
      [url]: (asked) => {
        if (asked.method === 'OPTIONS')
          return healthy.answers[serverUrl]?.(asked) ?? { status: 404 }
        return challenge(
          asked.headers['authorization'] === undefined ? '' : 'error="invalid_token", ',
        )
      },
      [metadata]: () => json({ ...resourceDocument, resource: url }),
    },
  }
}

const mcpAnswer = json({ jsonrpc: '2.0', id: 1, result: {} })

/** One broken server per rule. */
export const brokenServers: readonly BrokenServer[] = [
  {
    rule: 'server-unreachable',
    deployment: answeringPostAndGet({ status: 0, failure: 'ECONNREFUSED' }),
  },
  {
    rule: 'tls-failure',
    deployment: answeringPostAndGet({ status: 0, failure: 'CERT_HAS_EXPIRED' }),
  },
  { rule: 'server-failing', deployment: answeringPost({ status: 500 }) },
  {
    rule: 'server-rate-limited',
    deployment: answeringPost({ status: 429, headers: { 'retry-after': '30' } }),
  },
  {
    rule: 'server-redirects',
    deployment: answeringPost({ status: 301, headers: { location: 'https://www.mcp.test/mcp' } }),
  },
  {
    rule: 'server-redirects-within-origin',
    deployment: answeringPost({ status: 307, headers: { location: '/mcp/' } }),
  },
  {
    rule: 'server-blocks-clients',
    deployment: withAnswers({
      [serverUrl]: { ...html, status: 403 },
      [urls.resourceMetadata]: { ...html, status: 403 },
    }),
  },
  {
    rule: 'not-an-mcp-server',
    deployment: withAnswers({ [serverUrl]: html, [urls.resourceMetadata]: { status: 404 } }),
  },
  {
    rule: 'legacy-transport',
    deployment: withAnswers({
      [serverUrl]: ({ method }) =>
        method === 'GET'
          ? {
              status: 200,
              headers: { 'content-type': 'text/event-stream' },
              body: 'event: endpoint\ndata: /messages\n\n',
            }
          : { status: 405 },
      [urls.resourceMetadata]: { status: 404 },
    }),
  },
  { rule: 'metadata-without-challenge', deployment: answeringPost(mcpAnswer) },
  {
    rule: 'unauthenticated-wrong-status',
    deployment: answeringPost(json({ error: 'forbidden' }, { status: 403 })),
  },
  {
    rule: 'challenge-missing',
    deployment: answeringPost((asked) =>
      asked.headers['authorization'] === undefined
        ? {
            status: 401,
            headers: {
              'access-control-allow-origin': '*',
              'access-control-expose-headers': 'WWW-Authenticate',
            },
          }
        : (healthy.answers[serverUrl]?.(asked) ?? { status: 404 }),
    ),
  },
  { rule: 'challenge-not-bearer', deployment: withChallenge('Basic realm="mcp"') },
  {
    rule: 'challenge-without-resource-metadata',
    deployment: withChallenge('Bearer scope="mcp:read"'),
  },
  {
    rule: 'challenge-metadata-url-insecure',
    deployment: withChallenge(
      'Bearer scope="mcp:read", resource_metadata="http://mcp.test/.well-known/oauth-protected-resource/mcp"',
    ),
  },
  {
    rule: 'challenge-scope-missing',
    deployment: withChallenge(`Bearer resource_metadata="${urls.resourceMetadata}"`),
  },
  {
    rule: 'challenge-offline-access',
    deployment: withChallenge(healthyChallenge.replace('mcp:read', 'mcp:read offline_access')),
  },
  {
    rule: 'challenge-scope-invalid',
    deployment: withChallenge(
      healthyChallenge.replace('mcp:read', String.raw`mcp:read mcp\\write`),
    ),
  },
  {
    rule: 'challenge-error-without-token',
    deployment: withChallenge(`${healthyChallenge}, error="invalid_token"`),
  },
  {
    rule: 'challenge-cacheable',
    deployment: answeringPost((asked) => {
      const answer = healthy.answers[serverUrl]?.(asked) ?? { status: 404 }
      return { ...answer, headers: { ...answer.headers, 'cache-control': 'public, max-age=3600' } }
    }),
  },
  { rule: 'invalid-token-accepted', deployment: answeringInvalidToken(mcpAnswer) },
  {
    rule: 'invalid-token-wrong-status',
    deployment: answeringInvalidToken(json({ error: 'forbidden' }, { status: 403 })),
  },
  {
    rule: 'invalid-token-without-error',
    deployment: answeringInvalidToken(challengeOf(healthyChallenge)),
  },
  {
    rule: 'resource-metadata-missing',
    deployment: withAnswers(
      { [urls.resourceMetadata]: { status: 404 } },
      withChallenge('Bearer scope="mcp:read"'),
    ),
  },
  {
    rule: 'challenge-metadata-url-broken',
    deployment: withChallenge(
      healthyChallenge.replace(urls.resourceMetadata, 'https://mcp.test/metadata.json'),
    ),
  },
  {
    rule: 'resource-metadata-failing',
    deployment: withAnswers({ [urls.resourceMetadata]: { status: 503 } }),
  },
  {
    rule: 'resource-metadata-only-in-challenge',
    deployment: withAnswers(
      {
        [urls.resourceMetadata]: { status: 404 },
        'https://mcp.test/metadata.json': json(resourceDocument),
      },
      withChallenge(
        healthyChallenge.replace(urls.resourceMetadata, 'https://mcp.test/metadata.json'),
      ),
    ),
  },
  {
    rule: 'resource-metadata-location-html',
    deployment: withAnswers({ [urls.rootResourceMetadata]: html }),
  },
  {
    rule: 'resource-metadata-redirects',
    deployment: withAnswers({
      [urls.rootResourceMetadata]: {
        status: 302,
        headers: { location: 'https://www.mcp.test/login' },
      },
    }),
    repaired: withAnswers({ [urls.rootResourceMetadata]: json(resourceDocument) }),
  },
  {
    rule: 'resource-metadata-disagree',
    deployment: withAnswers({
      [urls.rootResourceMetadata]: json({ ...resourceDocument, scopes_supported: ['mcp:read'] }),
    }),
    repaired: withAnswers({ [urls.rootResourceMetadata]: json(resourceDocument) }),
  },
  {
    rule: 'names-local-address',
    deployment: withServer({ registration_endpoint: 'http://localhost:3000/register' }),
  },
  { rule: 'resource-member-missing', deployment: withResource({ resource: undefined }) },
  { rule: 'resource-mismatch', deployment: withResource({ resource: 'http://mcp.test/mcp' }) },
  { rule: 'resource-covers-url', deployment: withResource({ resource: 'https://mcp.test' }) },
  {
    rule: 'authorization-servers-missing',
    deployment: withResource({ authorization_servers: [] }),
  },
  {
    rule: 'authorization-server-url-invalid',
    deployment: withResource({ authorization_servers: [issuer, 'http://as.test'] }),
  },
  {
    rule: 'resource-metadata-offline-access',
    deployment: withResource({ scopes_supported: ['mcp:read', 'mcp:write', 'offline_access'] }),
  },
  {
    rule: 'scopes-supported-not-a-list',
    deployment: withResource({ scopes_supported: 'mcp:read mcp:write' }),
  },
  {
    rule: 'bearer-methods-without-header',
    deployment: withResource({ bearer_methods_supported: ['body'] }),
  },
  {
    rule: 'bearer-methods-query',
    deployment: withResource({ bearer_methods_supported: ['header', 'query'] }),
  },
  {
    rule: 'dpop-required-without-support',
    deployment: withResource({ dpop_bound_access_tokens_required: true }),
  },
  { rule: 'server-not-https', deployment: movedTo('http://mcp.test/mcp') },
  ...brokenAuthorizationServers,
  {
    rule: 'preflight-requires-token',
    deployment: withAnswers({
      [serverUrl]: (asked) =>
        asked.method === 'OPTIONS'
          ? { status: 401 }
          : (healthy.answers[serverUrl]?.(asked) ?? { status: 404 }),
    }),
  },
  {
    rule: 'challenge-not-exposed',
    deployment: answeringPost((asked) => {
      const answer = healthy.answers[serverUrl]?.(asked) ?? { status: 404 }
      return {
        ...answer,
        headers: { ...answer.headers, 'access-control-expose-headers': 'mcp-session-id' },
      }
    }),
  },
  {
    rule: 'metadata-not-shared',
    deployment: withAnswers({
      [urls.resourceMetadata]: json(resourceDocument, {
        headers: { 'access-control-allow-origin': 'https://mcp.test' },
      }),
    }),
  },
  { rule: 'endpoint-not-shared', deployment: withAnswers({ [urls.token]: { status: 405 } }) },
  {
    rule: 'clock-skew',
    deployment: withAnswers({
      [urls.serverMetadata]: json(serverDocument, {
        headers: { date: 'Mon, 21 Sep 2026 14:20:00 GMT' },
      }),
      [urls.keys]: json(keySet, { headers: { date: 'Mon, 21 Sep 2026 14:20:00 GMT' } }),
      [urls.openIdMetadata]: { status: 404, headers: { date: 'Mon, 21 Sep 2026 14:20:00 GMT' } },
    }),
  },
  {
    rule: 'slow-answer',
    deployment: answeringPost((asked) => ({
      ...(healthy.answers[serverUrl]?.(asked) ?? { status: 404 }),
      // The first request is sent alone: no other one takes as long on this clock.
      ...(asked.headers['authorization'] === undefined && asked.headers['origin'] === undefined
        ? { takesMilliseconds: 4000 }
        : {}),
    })),
  },
  {
    rule: 'metadata-cached-long',
    deployment: withAnswers({
      [urls.serverMetadata]: json(serverDocument, {
        headers: { 'cache-control': 'public, max-age=604800' },
      }),
    }),
    repaired: withAnswers({
      [urls.serverMetadata]: json(serverDocument, {
        headers: { 'cache-control': 'public, max-age=3600' },
      }),
    }),
  },
  {
    rule: 'certificate-expires-soon',
    deployment: healthy,
    certificate: {
      host: 'mcp.test',
      protocol: 'TLSv1.3',
      validUntilEpochSeconds: 1_790_000_000 + 3 * 86_400,
    },
  },
]

function answeringPostAndGet(answer: Answer): Deployment {
  return withAnswers({ [serverUrl]: answer })
}
