import { startServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { formatText, runChecks } from '../src/index.ts'
import type { Report } from '../src/index.ts'
import { startDeployment, withChallenge, withServer } from './support/deployment.ts'

async function onlyFinding(
  url: string,
  options: Parameters<typeof runChecks>[1] = {},
): Promise<Report['findings'][number]> {
  const { report } = await runChecks(url, options)
  expect(formatText(report)).toContain(report.findings[0]?.message ?? 'a finding')
  expect(report.findings).toHaveLength(1)
  const [finding] = report.findings
  if (finding === undefined) throw new Error('No finding.')
  return finding
}

test('bad input: a closed port', async () => {
  const server = await startServer(() => undefined)
  await server.close()
  const { rule, evidence } = await onlyFinding(`${server.url}/mcp`)
  expect(rule).toBe('server-unreachable')
  expect(evidence[0]?.text).toContain('ECONNREFUSED')
})

test('bad input: a host that does not exist', async () => {
  const { rule } = await onlyFinding('https://does-not-exist.invalid/mcp')
  expect(rule).toBe('server-unreachable')
})

test('bad input: a server that never answers', async () => {
  await using server = await startServer(() => undefined)
  const { rule, message } = await onlyFinding(`${server.url}/mcp`, {
    requestTimeoutMilliseconds: 100,
  })
  expect(rule).toBe('server-unreachable')
  expect(message).toContain('no complete answer within 0.1 s')
})

test('bad input: a body that never ends', async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    const write = (): void => {
      while (!response.destroyed && response.write('<!doctype html>'.repeat(1000)));
      if (!response.destroyed) response.once('drain', write)
    }
    write()
  })
  const { rule } = await onlyFinding(`${server.url}/mcp`)
  expect(rule).toBe('not-an-mcp-server')
})

test('bad input: an https URL of a server without TLS', async () => {
  await using server = await startServer(() => undefined)
  const { rule } = await onlyFinding(`${server.url.replace('http:', 'https:')}/mcp`)
  expect(['tls-failure', 'server-unreachable']).toContain(rule)
})

test.each(['not a url', 'ftp://mcp.test', 'https://user:secret@mcp.test/mcp', ''])(
  'bad input: refuses the URL %j',
  async (url) => {
    await expect(runChecks(url)).rejects.toThrow(expect.objectContaining({ code: 'URL_INVALID' }))
    await expect(runChecks(url)).rejects.not.toThrow(/secret/)
  },
)

test('bad input: addresses on this machine that a public server names are not visited', async () => {
  for (const deployment of [
    withServer({ jwks_uri: 'http://127.0.0.1:9/jwks', token_endpoint: 'http://[::1]:9/token' }),
    withChallenge('Bearer resource_metadata="http://localhost:9/x"'),
  ]) {
    await using running = await startDeployment(deployment)
    const visited: string[] = []
    const { report } = await runChecks(deployment.serverUrl, {
      clock: running.clock,
      fetch: (input, init) => {
        visited.push(input instanceof Request ? input.url : input.toString())
        return running.fetch(input, init)
      },
    })
    expect(visited.filter((url) => /127\.0\.0\.1|localhost|::1/.test(url))).toEqual([])
    expect(report.findings.map(({ rule }) => rule)).toContain('names-local-address')
  }
})
