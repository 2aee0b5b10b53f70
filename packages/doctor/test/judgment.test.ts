import { startServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { formatText, runChecks } from '../src/index.ts'
import type { CertificateFacts, Report } from '../src/index.ts'
import {
  healthy,
  html,
  json,
  resourceDocument,
  serverDocument,
  serverUrl,
  startDeployment,
  urls,
  withAnswers,
} from './support/deployment.ts'
import type { Answer, Deployment } from './support/deployment.ts'

async function check(deployment: Deployment, certificate?: CertificateFacts): Promise<Report> {
  await using running = await startDeployment(deployment)
  const { report } = await runChecks(deployment.serverUrl, {
    fetch: running.fetch,
    clock: running.clock,
    readCertificate: (origin) =>
      Promise.resolve(origin === `https://${certificate?.host}` ? certificate : undefined),
  })
  return report
}

const rulesOf = ({ findings }: Report): readonly string[] => findings.map(({ rule }) => rule)

/** The host has an MCP server at another path, and describes that one. */
function ofAnotherResource(answer: Answer): Deployment {
  return withAnswers({
    [serverUrl]: answer,
    [urls.resourceMetadata]: { status: 404 },
    [urls.rootResourceMetadata]: json({
      ...resourceDocument,
      resource: 'https://mcp.test/other',
      scopes_supported: 'not a list',
      bearer_methods_supported: ['query'],
    }),
  })
}

test.each([404, 405])(
  'judgment: a path with status %i is no MCP server, whatever the host describes elsewhere',
  async (status) => {
    expect(rulesOf(await check(ofAnotherResource({ status })))).toEqual(['not-an-mcp-server'])
    const ofHost = withAnswers({
      [serverUrl]: { status },
      [urls.resourceMetadata]: { status: 404 },
      [urls.rootResourceMetadata]: json({ ...resourceDocument, resource: 'https://mcp.test' }),
    })
    expect(rulesOf(await check(ofHost))).toEqual(['not-an-mcp-server'])
  },
)

test('judgment: an open server is healthy beside one that requires a sign-in', async () => {
  const open = json({ jsonrpc: '2.0', id: 1, result: {} })
  const report = await check(ofAnotherResource(open))
  expect(report).toMatchObject({ access: 'open', findings: [] })
})

test('judgment: a page that quotes an MCP message is no MCP server', async () => {
  const page: Answer = { ...html, body: `${html.body}<pre>{"jsonrpc": "2.0", "id": 1}</pre>` }
  const deployment = withAnswers({ [serverUrl]: page, [urls.resourceMetadata]: { status: 404 } })
  expect(rulesOf(await check(deployment))).toEqual(['not-an-mcp-server'])
})

test.each([
  ['text', { status: 403, body: 'error code: 1020' }],
  ['JSON', json({ message: 'Forbidden' }, { status: 403 })],
  ['a page', { ...html, status: 403 }],
] satisfies readonly (readonly [string, Answer])[])(
  'judgment: a 403 with %s and without a sign of authorization comes from something in front',
  async (_name, answer) => {
    const deployment = withAnswers({
      [serverUrl]: answer,
      [urls.resourceMetadata]: { status: 404 },
    })
    expect(rulesOf(await check(deployment))).toEqual(['server-blocks-clients'])
  },
)

test('judgment: a location that redirects to itself does not lead to another origin', async () => {
  const deployment = withAnswers({
    [urls.rootResourceMetadata]: {
      status: 302,
      headers: { location: '/.well-known/oauth-protected-resource' },
    },
  })
  const { findings } = await check(deployment)
  expect(findings.map(({ message }) => message).join('\n')).not.toContain('another origin')
})

test.each([
  // Certificates of six days are renewed every three.
  [6, 4, []],
  [6, 1, ['certificate-expires-soon']],
  [90, 20, []],
  [90, 10, ['certificate-expires-soon']],
])('judgment: a certificate of %i days with %i days left', async (lifetime, left, expected) => {
  const until = 1_790_000_000 + left * 86_400
  const report = await check(healthy, {
    host: 'mcp.test',
    protocol: 'TLSv1.3',
    validUntilEpochSeconds: until,
    validFromEpochSeconds: until - lifetime * 86_400,
  })
  expect(rulesOf(report)).toEqual(expected)
})

test('judgment: a server with sessions that protects its tools only', async () => {
  const methods: string[] = []
  const deployment = withAnswers({
    [serverUrl]: (asked) => {
      const isInSession = asked.headers['mcp-session-id'] === 'session-canary'
      methods.push(`${asked.method} ${isInSession ? 'in a session' : 'without one'}`)
      const isOpen = asked.method === 'DELETE' || asked.body.includes('"initialize"')
      if (isOpen) {
        const message = { jsonrpc: '2.0', id: 1, result: {} }
        return json(message, { headers: { 'mcp-session-id': 'session-canary' } })
      }
      if (!isInSession && asked.headers['authorization'] === undefined)
        return json({ jsonrpc: '2.0', error: { code: -32_000 } }, { status: 400 })
      return healthy.answers[serverUrl]?.(asked) ?? { status: 404 }
    },
  })
  await using running = await startDeployment(deployment)
  const { report, observations } = await runChecks(serverUrl, {
    fetch: running.fetch,
    clock: running.clock,
  })
  expect(report.access).toBe('partly-protected')
  expect(methods).toContain('DELETE in a session')
  expect(JSON.stringify(observations)).not.toContain('session-canary')
})

test('judgment: a stream that stays open after its answer is an answer', async () => {
  await using server = await startServer((request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n')
  })
  const { report } = await runChecks(`${server.url}/mcp`, { requestTimeoutMilliseconds: 1000 })
  expect(report).toMatchObject({ access: 'open', findings: [] })
})

test('judgment: an https server cannot direct requests to http', async () => {
  const deployment = withAnswers({
    [urls.resourceMetadata]: json({
      ...resourceDocument,
      authorization_servers: ['http://internal.test'],
    }),
  })
  await using running = await startDeployment(deployment)
  const certificates: string[] = []
  await runChecks(serverUrl, {
    fetch: running.fetch,
    clock: running.clock,
    readCertificate: (origin) => {
      certificates.push(origin)
      return Promise.resolve(undefined)
    },
  })
  expect(running.requests.filter(({ url }) => url.includes('internal.test'))).toEqual([])
  expect(certificates).toEqual(['https://mcp.test'])
})

test('judgment: browsers send a form without a preflight request', async () => {
  const refusal = json({ error: 'invalid_request' }, { status: 400 })
  const deployment = withAnswers({
    [urls.token]: ({ method }) => (method === 'POST' ? refusal : { status: 405 }),
  })
  expect(rulesOf(await check(deployment))).toEqual([])
})

test('judgment: a wildcard in the preflight answer does not allow a token', async () => {
  const preflight: Answer = {
    status: 204,
    headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' },
  }
  const deployment = withAnswers({
    [serverUrl]: (asked) =>
      asked.method === 'OPTIONS' ? preflight : (healthy.answers[serverUrl]?.(asked) ?? preflight),
  })
  expect(rulesOf(await check(deployment))).toEqual(['preflight-requires-token'])
})

test('forecast: an offline token of Keycloak outlives the session', async () => {
  const realm = 'https://as.test/realms/users'
  const document = {
    ...serverDocument,
    issuer: realm,
    authorization_endpoint: `${realm}/protocol/openid-connect/auth`,
    token_endpoint: `${realm}/protocol/openid-connect/token`,
  }
  const at = (scopes: readonly string[]): Deployment =>
    withAnswers({
      [urls.resourceMetadata]: json({ ...resourceDocument, authorization_servers: [realm] }),
      'https://as.test/.well-known/oauth-authorization-server/realms/users': json({
        ...document,
        scopes_supported: scopes,
      }),
    })
  const offline = await check(at(['mcp:read', 'offline_access']))
  expect(offline.forecast).toMatchObject({
    product: { id: 'keycloak', page: 'https://evergrant.github.io/providers/keycloak' },
  })
  expect(formatText(offline)).toContain(
    'product         Keycloak\n                  https://evergrant.github.io/providers/keycloak\n',
  )
  expect(offline.forecast?.duration).toMatchObject({ idleSeconds: 30 * 86_400 })
  expect(offline.forecast?.duration).not.toHaveProperty('absoluteSeconds')
  const online = await check(at(['mcp:read']))
  expect(online.forecast?.duration).toMatchObject({ idleSeconds: 1800, absoluteSeconds: 36_000 })
})

test('judgment: a resource document that does not end is not called missing', async () => {
  const endless: Answer = { status: 200, body: ' '.repeat(300_000) }
  const deployment = withAnswers({
    [serverUrl]: { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
    [urls.resourceMetadata]: endless,
  })
  const found = rulesOf(await check(deployment))
  expect(found).toContain('metadata-too-large')
  expect(found).not.toContain('resource-metadata-missing')
})
