import { expect, test } from 'vitest'
import { discover } from '../../src/protocol/discovery.ts'
import { serverDocument, serverWellKnown, tableServer } from '../support/table-server.ts'

test.each([
  ['its origin', ''],
  ['its origin with a slash', '/'],
])(
  '2025-03-26 revision: the server is its own authorization server, with %s',
  { tags: ['C-31', 'C-32'] },
  async (_, end) => {
    await using server = await tableServer((origin) => ({
      [serverWellKnown]: [
        200,
        JSON.stringify({
          issuer: `${origin}${end}`,
          authorization_endpoint: `${origin}/oauth/authorize`,
          token_endpoint: `${origin}/oauth/token`,
        }),
      ],
    }))
    const found = await discover(`${server.origin}/mcp`)
    expect(found.authorizationServer.token_endpoint).toBe(`${server.origin}/oauth/token`)
    expect(found.resource).toBe(`${server.origin}/mcp`)
    expect(found.protectedResource).toBeUndefined()
  },
)

test(
  '2025-03-26 revision: a document with another issuer is not used',
  { tags: ['C-32'] },
  async () => {
    await using server = await tableServer((origin) => ({
      [serverWellKnown]: [200, serverDocument(`${origin}/tenant`)],
    }))
    await expect(discover(`${server.origin}/mcp`)).rejects.toMatchObject({
      code: 'METADATA_MISMATCH',
    })
  },
)

test(
  '2025-03-26 revision: without a document, the default endpoints are used and reported',
  { tags: ['C-31', 'S-10'] },
  async () => {
    await using server = await tableServer(() => ({}))
    const found = await discover(`${server.origin}/mcp`)
    expect(found.authorizationServer).toMatchObject({
      issuer: server.origin,
      authorization_endpoint: `${server.origin}/authorize`,
      token_endpoint: `${server.origin}/token`,
      registration_endpoint: `${server.origin}/register`,
    })
    expect(found.warnings.map((warning) => warning.requirement)).toEqual(['S-10'])
  },
)

test(
  '2025-03-26 revision: a remote server cannot point to this machine',
  { tags: ['C-31'] },
  async () => {
    const origin = 'https://mcp.test'
    const answering: typeof fetch = (input) =>
      Promise.resolve(
        new Request(input).url === `${origin}${serverWellKnown}`
          ? Response.json({
              ...JSON.parse(serverDocument(origin)),
              registration_endpoint: 'http://127.0.0.1:6379/register',
            })
          : new Response('not found', { status: 404 }),
      )
    await expect(discover(`${origin}/mcp`, { fetch: answering })).rejects.toMatchObject({
      code: 'DISCOVERY_FAILED',
      message: expect.stringContaining('registration_endpoint'),
    })
  },
)

test(
  '2025-03-26 revision: a failing server does not count as one without a document',
  { tags: ['C-31'] },
  async () => {
    await using server = await tableServer(() => ({ [serverWellKnown]: [502, ''] }))
    await expect(discover(`${server.origin}/mcp`)).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })
  },
)
