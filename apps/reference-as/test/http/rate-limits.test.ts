import { once } from 'node:events'
import { IncomingMessage, request } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { hashPassword } from '../../src/accounts/accounts.ts'
import { createRateLimits } from '../../src/http/rate-limits.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { createBrowser } from '../browser.ts'
import { redirectUri, resource, startServer, temporaryFolder } from '../support.ts'

test(
  'rate limits: guesses for one name are limited from all addresses',
  { tags: ['A-10'] },
  async () => {
    const store = openSqliteStore(':memory:')
    const observeFailure = () => {}
    const limits = createRateLimits(store, { enabled: true, trustedProxies: 1, observeFailure })
    const guess = async (username: string, address: string) => {
      const incoming = new IncomingMessage(new Socket())
      incoming.headers['x-forwarded-for'] = address
      return (await limits.signIn(incoming, username)).blocked
    }
    const outcomes = await Promise.all(
      Array.from({ length: 51 }, (_, index) => guess('alice', `192.0.2.${index}`)),
    )
    expect(outcomes.indexOf(true)).toBe(50)
    expect(await guess('bob', '192.0.2.1')).toBe(false)
    await store.close()
  },
)

test('rate limits: successful sign-ins do not count', { tags: ['A-10'] }, async () => {
  const store = openSqliteStore(':memory:')
  const observeFailure = () => {}
  const limits = createRateLimits(store, { enabled: true, trustedProxies: 1, observeFailure })
  for (const _ of Array.from({ length: 20 })) {
    const attempt = await limits.signIn(new IncomingMessage(new Socket()), 'alice')
    expect(attempt.blocked).toBe(false)
    if (!attempt.blocked) await attempt.succeeded()
  }
  await store.close()
})

test.each([
  [0, '192.0.2.1', '127.0.0.1'],
  [1, '198.51.100.9, 192.0.2.1', '192.0.2.1'],
  [2, '198.51.100.9, 192.0.2.1, 10.0.0.1', '192.0.2.1'],
  [2, '192.0.2.1', '192.0.2.1'],
  [1, '192.0.2.1:4711', '192.0.2.1'],
  [1, '[2001:db8::1]:4711', '2001:db8::2'],
  [1, undefined, '127.0.0.1'],
])(
  'rate limits: behind %i proxies, %s comes from %s',
  { tags: ['A-10'] },
  async (trustedProxies, forwarded, address) => {
    await using server = await startServer({ ...open, trustedProxies })
    const register = async (header: string | undefined) => {
      const response = await fetch(`${server.issuer}/reg`, {
        method: 'POST',
        headers: header === undefined ? {} : { 'x-forwarded-for': header },
      })
      await response.text()
      return response.status
    }
    for (const _ of Array.from({ length: 60 })) await register(forwarded)
    // Requests with the same address are limited too, and no others.
    const padding = Array.from({ length: trustedProxies - 1 }, () => '10.0.0.1')
    const from = (one: string) => [one, ...padding].join(', ')
    expect(await register(from(address))).toBe(429)
    expect(await register(from('203.0.113.5'))).toBe(trustedProxies === 0 ? 429 : 400)
  },
)

const open = { demo: false, resources: [resource] } as const

async function postTimes(url: string, times: number, init: () => RequestInit): Promise<number[]> {
  const statuses: number[] = []
  for (const _ of Array.from({ length: times })) {
    const response = await fetch(url, { method: 'POST', ...init() })
    await response.text()
    statuses.push(response.status)
  }
  return statuses
}

/** Posts to a request target without normalizing it, as `fetch` would. */
async function statusOf(origin: string, target: string): Promise<number | undefined> {
  const sent = request(origin, { method: 'POST', path: target })
  sent.end()
  const [response]: IncomingMessage[] = await once(sent, 'response')
  response?.resume()
  return response?.statusCode
}

describe('endpoints', () => {
  test(
    'rate limits: failed token requests are limited, with a Retry-After header',
    { tags: ['A-08'] },
    async () => {
      await using server = await startServer(open)
      const init = () => ({
        body: new URLSearchParams({ client_id: 'unknown', grant_type: 'refresh_token' }),
      })
      const statuses = await postTimes(`${server.issuer}/token`, 101, init)
      expect(statuses.slice(0, 100).every((status) => status === 401)).toBe(true)
      expect(statuses[100]).toBe(429)
      const limited = await fetch(`${server.issuer}/token`, { method: 'POST', ...init() })
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await limited.json()).toMatchObject({ error: 'temporarily_unavailable' })
    },
  )

  test.each(['/Token', '/token/', '/token#x', '//token', '/TOKEN/revocation', '/REG', '/reg/'])(
    'rate limits: no other spelling of a path gets past them, %s',
    { tags: ['A-08'] },
    async (target) => {
      await using server = await startServer(open)
      expect(await statusOf(server.issuer, target)).toBe(404)
      expect(await statusOf(server.issuer, `${server.issuer}${target}`)).toBe(404)
    },
  )

  test(
    'rate limits: a target in absolute form does not get past them',
    { tags: ['A-08'] },
    async () => {
      await using server = await startServer(open)
      expect(await statusOf(server.issuer, `${server.issuer}/token`)).toBe(404)
      expect(await statusOf(server.issuer, '/token')).toBe(400)
    },
  )

  test('rate limits: registrations are limited', { tags: ['A-08'] }, async () => {
    await using server = await startServer(open)
    const statuses = await postTimes(`${server.issuer}/reg`, 61, () => ({
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }),
    }))
    expect(statuses.filter((status) => status === 201)).toHaveLength(60)
    expect(statuses.at(-1)).toBe(429)
  })
})

describe('requests that are stored before the user is known', () => {
  test.each(['/auth', '/session/end'])(
    'rate limits: %s is limited by address, with a page that says what to do',
    { tags: ['A-08'] },
    async (path) => {
      await using server = await startServer({ ...open, trustedProxies: 1 })
      const ask = async (address: string, method: string) =>
        await fetch(`${server.issuer}${path}?client_id=unknown`, {
          method,
          headers: { 'x-forwarded-for': address },
        })
      const statuses = new Set<number>()
      for (const index of Array.from({ length: 600 }).keys()) {
        const response = await ask('192.0.2.1', index % 2 === 0 ? 'GET' : 'HEAD')
        await response.text()
        statuses.add(response.status)
      }
      expect([...statuses]).toEqual([400])
      const limited = await ask('192.0.2.1', 'GET')
      expect(limited.status).toBe(429)
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await limited.text()).toContain('go back to the application and start again')
      expect((await ask('192.0.2.1', 'HEAD')).status).toBe(429)
      expect((await ask('192.0.2.2', 'GET')).status).toBe(400)
    },
  )
})

test(
  'rate limits: password guesses for a name are limited, one by one or concurrent',
  { tags: ['A-10'] },
  async () => {
    using folder = temporaryFolder()
    const databasePath = folder.file('as.db')
    const store = openSqliteStore(databasePath)
    const passwordHash = await hashPassword('correct horse')
    for (const username of ['alice', 'bob']) {
      await store.accounts.add({ id: username, username, passwordHash })
    }
    await store.close()
    await using server = await startServer({ ...open, databasePath })
    const browser = createBrowser(server.issuer)
    const page = await browser.visit('/account')
    for (const _ of Array.from({ length: 10 })) {
      const wrong = await browser.submit(page, { username: 'alice', password: 'wrong password' })
      expect(wrong.text).toContain('do not match')
    }
    const blocked = await browser.submit(page, { username: 'ALICE', password: 'correct horse' })
    expect(blocked.text).toContain('Too many attempts')
    const guesses = await Promise.all(
      Array.from(
        { length: 14 },
        async () => await browser.submit(page, { username: 'carol', password: 'wrong password' }),
      ),
    )
    expect(guesses.filter((one) => one.text.includes('do not match'))).toHaveLength(10)
    const other = await browser.submit(page, { username: 'bob', password: 'correct horse' })
    expect(other.text).toContain('Signed in as bob')
  },
)
