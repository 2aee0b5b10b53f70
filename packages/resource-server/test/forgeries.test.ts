/**
 * Forged and odd tokens and requests. Each is sent twice: to a guard that knows nothing yet, and to one that has
 * accepted the token that the forgery is made from, and remembers it.
 */
import { sendRaw, startServer, virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { protect } from '../src/fetch.ts'
import { createResourceServer } from '../src/index.ts'
import type { AccessDecision, ResourceServer } from '../src/index.ts'
import { createNodeListener } from '../src/node.ts'
import { algorithmForgeries } from './forgeries/algorithms.ts'
import { tokenContentForgeries } from './forgeries/claims.ts'
import { encodingForgeries } from './forgeries/encodings.ts'
import { createForge, createForgeKeys } from './forgeries/forge.ts'
import type { Forge, Forgery, ForgedRequest } from './forgeries/forge.ts'
import { headerForgeries } from './forgeries/headers.ts'
import { requestForgeries } from './forgeries/requests.ts'
import { metadata } from './key-server.ts'

const keys = createForgeKeys()
const forgeries = [
  ...algorithmForgeries,
  ...headerForgeries,
  ...tokenContentForgeries,
  ...encodingForgeries,
  ...requestForgeries,
]
const tags = ['S-12', 'S-13', 'S-15']

test('forgeries: the table has at least 80 rows, and no name twice', { tags }, () => {
  expect(forgeries.length).toBeGreaterThanOrEqual(80)
  expect(new Set(forgeries.map(({ name }) => name)).size).toBe(forgeries.length)
})

test.each(forgeries)('forgeries: a cold guard refuses $name', { tags }, async (forgery) => {
  await using guarded = await startGuard(forgery)
  const { forge } = guarded
  await expectRefusal(guarded, forgery, requestOf(forgery, forge))
  expect(await guarded.send(bearer(forge.good))).toMatch(/^HTTP\/1\.1 200 /)
})

test.each(forgeries)(
  'forgeries: a guard that has accepted the good token refuses $name',
  { tags },
  async (forgery) => {
    await using guarded = await startGuard(forgery)
    const { forge } = guarded
    for (const good of [forge.good, forge.other]) {
      expect(await guarded.send(bearer(good))).toMatch(/^HTTP\/1\.1 200 /)
    }
    // From now on, the keys may be fetched again for a key that is not known (S-18).
    guarded.advanceSeconds(31)
    const request = requestOf(forgery, forge)
    await expectRefusal(guarded, forgery, request)
    await expectRefusal(guarded, forgery, request)
    expect(await guarded.send(bearer(forge.good))).toMatch(/^HTTP\/1\.1 200 /)
  },
)

test.each([1_000_000, 65_537, 20_000])(
  'forgeries: a token of %d characters is refused, and the guard still works',
  { tags },
  async (length) => {
    await using guarded = await startGuard()
    const { good } = guarded.forge
    const long = `${good.slice(0, 200)}${'A'.repeat(length)}.${'A'.repeat(length)}.AAAA`
    // Node.js refuses it, because its limit for all headers is smaller.
    expect(await guarded.send(bearer(long))).toMatch(/^HTTP\/1\.1 431 /)
    // Other servers may not.
    const decision = await guarded.resourceServer.authenticate({
      authorization: `Bearer ${long}`,
      url: '/mcp',
    })
    expect(decision).toMatchObject({ authenticated: false })
    expect(await guarded.send(bearer(good))).toMatch(/^HTTP\/1\.1 200 /)
  },
)

test.each(['\u00a0', '\u2003', '\ufeff', '\r', '\n', '\v', '\0', '\t'])(
  'forgeries: refuses a good token next to the character %j, which is not a space of HTTP',
  { tags },
  async (character) => {
    await using guarded = await startGuard()
    const { good } = guarded.forge
    for (const authorization of [`Bearer ${character}${good}`, `Bearer${character}${good}`]) {
      const decision = await guarded.resourceServer.authenticate({ authorization, url: '/mcp' })
      expect(decision).toMatchObject({ authenticated: false })
    }
  },
)

interface Guard extends AsyncDisposable {
  readonly forge: Forge
  readonly resourceServer: ResourceServer
  readonly decisions: readonly AccessDecision[]
  /** The paths that were requested at the authorization server. */
  readonly fetched: readonly string[]
  advanceSeconds(seconds: number): void
  /** Sends exactly this request, and returns the response. */
  send(request: ForgedRequest): Promise<string>
}

/** A protected resource on a real socket, with its authorization server. */
async function startGuard({ options }: Pick<Forgery, 'options'> = {}): Promise<Guard> {
  const clock = virtualClock()
  const fetched: string[] = []
  const as = await startServer((request, response) => {
    const { url = '' } = request
    fetched.push(url)
    const document = url === '/jwks' ? keys.published : metadata(as.url)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(document))
  })
  const decisions: AccessDecision[] = []
  let listener: ReturnType<typeof createNodeListener> = (_request, response) => response.destroy()
  const server = await startServer((request, response) => listener(request, response))
  const resource = `${server.url}/mcp`
  const resourceServer = createResourceServer(resource, [as.url], {
    clock,
    clockToleranceSeconds: 0,
    ...options,
  })
  listener = createNodeListener(
    protect(resourceServer, () => new Response('accepted'), {
      observe: (decision) => decisions.push(decision),
    }),
  )
  const { host } = new URL(resource)
  return {
    forge: createForge(keys, as.url, resource, clock),
    resourceServer,
    decisions,
    fetched,
    advanceSeconds: (seconds) => clock.advanceSeconds(seconds),
    async send({ method = 'GET', target = '/mcp', lines, body }) {
      const start = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close']
      return await sendRaw(server.url, [...start, ...lines], body).answer()
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
    },
  }
}

function requestOf(forgery: Forgery, forge: Forge): ForgedRequest {
  return forgery.request?.(forge) ?? bearer(forgery.token?.(forge) ?? '')
}

async function expectRefusal(
  guard: Guard,
  forgery: Forgery,
  request: ForgedRequest,
): Promise<void> {
  const { decisions } = guard
  const before = decisions.length
  const answer = await guard.send(request)
  const made = decisions.slice(before)
  expect(made.map(({ reason }) => reason)).toEqual([forgery.reason])
  expect(answer.split('\r\n', 1)[0]).toContain(` ${forgery.status} `)
  expect(answer).toMatch(/\r\nwww-authenticate: Bearer /i)
  expect(guard.fetched.filter((path) => path.startsWith('/attacker'))).toEqual([])
}

function bearer(token: string): ForgedRequest {
  return { lines: [`Authorization: Bearer ${token}`] }
}
