import { expect, test } from 'vitest'
import { sendToServer } from '../../src/fetch/send-to-server.ts'
import { discoverProtectedResource } from '../../src/protocol/resource-discovery.ts'
import { discoverAuthorizationServer } from '../../src/protocol/server-discovery.ts'

// Remote servers cannot run here, so their answers are fixed.
const server = 'https://mcp.test/mcp'
const local = [
  'http://127.0.0.1:6379/',
  'http://localhost./admin',
  'http://app.localhost:8080/',
  'http://[::ffff:127.0.0.1]:9200/',
  'http://0.0.0.0:2375/containers',
  'https://[::]/',
  'http://169.254.169.254/latest/meta-data/',
  'https://[fe80::1]/',
]

/** A `fetch` that answers from a table, and records the URLs. */
function network(table: Readonly<Record<string, string>>) {
  const asked: string[] = []
  const answering: typeof globalThis.fetch = (input, init) => {
    const { url } = new Request(input, init)
    asked.push(url)
    const location = table[url]
    return Promise.resolve(
      location === undefined
        ? new Response('found')
        : new Response(null, { status: 307, headers: { location } }),
    )
  }
  return { asked, fetch: answering }
}

function follow({ fetch }: ReturnType<typeof network>) {
  return sendToServer(
    { url: server, init: { method: 'POST', body: '{}' } },
    { url: server, covers: (url) => url.startsWith(server), send: (url, init) => fetch(url, init) },
    fetch,
  )
}

test.each(local)(
  'local target: a redirect of a remote MCP server to %s is refused, directly and after another redirect',
  { tags: ['C-39'] },
  async (target) => {
    const other = 'https://other.test/'
    for (const table of [{ [server]: target }, { [server]: other, [other]: target }]) {
      const { asked, fetch } = network(table)
      await expect(follow({ asked, fetch })).rejects.toMatchObject({
        code: 'RESOURCE_REFUSED',
        message: expect.stringContaining('as its redirect target'),
      })
      expect(asked).toEqual(Object.keys(table))
    }
  },
)

test(
  'local target: a redirect to another remote server is followed',
  { tags: ['C-39'] },
  async () => {
    const there = network({ [server]: 'https://a.test/', 'https://a.test/': 'https://b.test/' })
    const { response, fromServer } = await follow(there)
    expect(await response.text()).toBe('found')
    expect(fromServer).toBe(false)
  },
)

test.each(local.filter((url) => url.startsWith('https:')))(
  'local target: remote metadata cannot point to %s',
  { tags: ['C-30', 'C-31'] },
  async (target) => {
    const issuer = 'https://auth.test'
    const document = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: target,
    }
    const answering: typeof globalThis.fetch = () => Promise.resolve(Response.json(document))
    const refused = expect.objectContaining({ code: 'DISCOVERY_FAILED' })
    await expect(discoverAuthorizationServer(issuer, { fetch: answering })).rejects.toEqual(refused)
    await expect(
      discoverProtectedResource(server, { fetch: answering, resourceMetadataUrl: target }),
    ).rejects.toEqual(refused)
  },
)
