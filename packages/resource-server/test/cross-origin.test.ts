import {
  startFetchServer,
  startScriptedAuthorizationServer,
  startServer,
} from '@evergrant/test-kit'
import type { RunningServer } from '@evergrant/test-kit'
import express from 'express'
import { expect, test } from 'vitest'
import { allowCrossOrigin, requireAccess, serveMetadata } from '../src/express.ts'
import { protect } from '../src/fetch.ts'
import { createResourceServer } from '../src/index.ts'
import type { ResourceServer } from '../src/index.ts'
import { createNodeListener } from '../src/node.ts'

const page = 'https://inspector.example.com'
const preflight = {
  origin: page,
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type,mcp-protocol-version,mcp-param-x',
}

type Framework = 'fetch' | 'express' | 'node'
const frameworks: readonly Framework[] = ['fetch', 'express', 'node']

interface Setup extends AsyncDisposable {
  readonly url: string
  token(scope: string): Promise<string>
}

/** A resource with the same behavior in each framework, for one allowed origin. */
async function start(framework: Framework, allowedOrigins = [page]): Promise<Setup> {
  const as = await startScriptedAuthorizationServer()
  const resource = 'https://mcp.example.com/mcp'
  const resourceServer = createResourceServer(resource, [as.issuer], {
    scopesSupported: ['mcp:read'],
    allowedOrigins,
  })
  const server = await serve(framework, resourceServer)
  return {
    url: server.url,
    token: (scope) => as.signAccessToken({ scope, resource }),
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
    },
  }
}

async function serve(framework: Framework, resourceServer: ResourceServer): Promise<RunningServer> {
  const scopes = ['mcp:read']
  if (framework === 'express') {
    const app = express()
    app.use(serveMetadata(resourceServer))
    app.use(allowCrossOrigin(resourceServer))
    app.use('/mcp', requireAccess(resourceServer, { scopes }), (_request, response) => {
      response.vary('Accept').json({ done: true })
    })
    return await startServer(app)
  }
  const handler = protect(
    resourceServer,
    () => Response.json({ done: true }, { headers: { vary: 'Accept' } }),
    { scopes },
  )
  if (framework === 'fetch') return await startFetchServer(handler)
  return await startServer(createNodeListener(handler, { maximumBodyBytes: 10, resourceServer }))
}

test.each(frameworks)(
  'cross-origin: a preflight of an allowed origin is answered without a token: %s',
  { tags: ['S-16'] },
  async (framework) => {
    await using setup = await start(framework)
    const response = await fetch(`${setup.url}/mcp`, { method: 'OPTIONS', headers: preflight })
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': preflight['access-control-request-headers'],
      'access-control-max-age': '600',
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    })
    expect(response.headers.has('access-control-allow-credentials')).toBe(false)
  },
)

test.each(frameworks)(
  'cross-origin: a page of an allowed origin can read every response: %s',
  { tags: ['S-16', 'S-13'] },
  async (framework) => {
    await using setup = await start(framework)
    const good = { authorization: `Bearer ${await setup.token('mcp:read')}` }
    const narrow = { authorization: `Bearer ${await setup.token('other')}` }
    const cases: readonly (readonly [number, Record<string, string>, string])[] = [
      [200, good, '/mcp'],
      [401, {}, '/mcp'],
      [403, narrow, '/mcp'],
      [400, { authorization: 'Bearer' }, '/mcp'],
      [400, {}, '/mcp?access_token=x'],
    ]
    for (const [status, headers, path] of cases) {
      const response = await fetch(`${setup.url}${path}`, { headers: { ...headers, origin: page } })
      expect([path, response.status]).toEqual([path, status])
      expect(response.headers.get('access-control-allow-origin')).toBe(page)
      expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
      expect(response.headers.get('vary')).toMatch(/\bOrigin\b/)
    }
    const varied = await fetch(`${setup.url}/mcp`, { headers: { ...good, origin: page } })
    expect(varied.headers.get('vary')).toContain('Accept')
  },
)

test.each(frameworks)(
  'cross-origin: another origin gets no CORS headers, and no preflight: %s',
  { tags: ['S-16'] },
  async (framework) => {
    await using setup = await start(framework)
    for (const origin of [
      'https://evil.example.com',
      `${page}.evil.example`,
      `${page}:444`,
      'null',
    ]) {
      const headers = { ...preflight, origin }
      const asked = await fetch(`${setup.url}/mcp`, { method: 'OPTIONS', headers })
      expect(asked.status).toBe(401)
      const got = await fetch(`${setup.url}/mcp`, { headers: { origin } })
      expect(got.status).toBe(401)
      for (const response of [asked, got]) {
        const names = [...response.headers.keys()]
        expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([])
        expect(response.headers.get('vary')).toBe('Origin')
      }
    }
  },
)

test.each(frameworks)(
  'cross-origin: OPTIONS that is no preflight needs a token: %s',
  { tags: ['S-16', 'S-13'] },
  async (framework) => {
    await using setup = await start(framework)
    const options = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${setup.url}/mcp`, { method: 'OPTIONS', headers })
    expect((await options({ origin: page })).status).toBe(401)
    expect((await options({ 'access-control-request-method': 'POST' })).status).toBe(401)
  },
)

test.each(frameworks)(
  'cross-origin: every origin can read the metadata: %s',
  { tags: ['S-16', 'S-10'] },
  async (framework) => {
    await using setup = await start(framework, [])
    const url = `${setup.url}/.well-known/oauth-protected-resource/mcp`
    const headers = { ...preflight, origin: 'https://other.example.com' }
    const asked = await fetch(url, { method: 'OPTIONS', headers })
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    const got = await fetch(url, { headers: { origin: 'https://other.example.com' } })
    expect([got.status, got.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
  },
)

test(
  'cross-origin: a page can read the error responses of the Node.js listener',
  { tags: ['S-16'] },
  async () => {
    await using setup = await start('node')
    const post = (origin: string): Promise<Response> =>
      fetch(`${setup.url}/mcp`, { method: 'POST', body: 'x'.repeat(11), headers: { origin } })
    const large = await post(page)
    expect([large.status, large.headers.get('access-control-allow-origin')]).toEqual([413, page])
    const foreign = await post('https://evil.example.com')
    expect(foreign.headers.get('access-control-allow-origin')).toBe(null)
  },
)

test.each<[string, string]>([
  ['POST', 'bad header\u00e9'],
  ['POST', 'authorization,,x'],
  ['PO ST', 'authorization'],
])(
  'cross-origin: a malformed preflight gets the usual lists: %j, %j',
  { tags: ['S-16'] },
  (requestMethod, requestHeaders) => {
    const resourceServer = createResourceServer('https://a.example/mcp', ['https://as.example'], {
      allowedOrigins: (origin) => origin === page,
    })
    const request = { method: 'OPTIONS', origin: page, requestMethod, requestHeaders }
    const { kind, headers } = resourceServer.crossOrigin(request)
    expect(kind).toBe('preflight')
    expect(Object.values(headers)).not.toContain('PO ST')
    expect(headers['access-control-allow-headers']).toMatch(/^Authorization, |^authorization$/)
  },
)

test.each(['http://localhost:6274', 'chrome-extension://abcdefgh', 'https://[::1]:8443'])(
  'cross-origin: accepts %s in allowedOrigins',
  { tags: ['S-16'] },
  (origin) => {
    const resourceServer = createResourceServer('https://a.example/mcp', ['https://as.example'], {
      allowedOrigins: [origin],
    })
    const request = { method: 'POST', origin, requestMethod: null, requestHeaders: null }
    expect(resourceServer.crossOrigin(request).kind).toBe('admitted')
  },
)

test(
  'cross-origin: without allowedOrigins, no response has CORS headers',
  { tags: ['S-16'] },
  () => {
    const resourceServer = createResourceServer('https://a.example/mcp', ['https://as.example'])
    const request = { method: 'OPTIONS', origin: page, requestMethod: 'POST', requestHeaders: null }
    expect(resourceServer.crossOrigin(request)).toEqual({ kind: 'foreign', headers: {} })
    expect(resourceServer.crossOrigin({ ...request, origin: null })).toEqual({
      kind: 'no-origin',
      headers: {},
    })
  },
)

test.each([
  ['*', 'Write scheme, host and port'],
  ['null', 'Write scheme, host and port'],
  ['inspector.example.com', 'Write scheme, host and port'],
  ['cursor://app', 'Write scheme, host and port'],
  ['https://inspector.example.com/', 'Write https://inspector.example.com,'],
  ['https://Inspector.example.com:443', 'Write https://inspector.example.com,'],
  ['https://inspector.example.com/path', 'Write https://inspector.example.com,'],
])('cross-origin: refuses %s in allowedOrigins', { tags: ['S-16'] }, (origin, hint) => {
  const create = () =>
    createResourceServer('https://a.example/mcp', ['https://as.example'], {
      allowedOrigins: [origin],
    })
  expect(create).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  expect(create).toThrow(hint)
})
