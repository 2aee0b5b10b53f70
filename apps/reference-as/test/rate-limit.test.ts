import { once } from 'node:events'
import { IncomingMessage, request } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { hashPassword } from '../src/accounts/accounts.ts'
import { networkOf } from '../src/http/addresses.ts'
import { createLimiter, createRateLimits } from '../src/http/rate-limit.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import { createBrowser } from './browser.ts'
import { redirectUri, resource, startServer, temporaryFolder } from './support.ts'

test('a limiter counts by key and forgets with the window', () => {
  let now = 1000
  const limiter = createLimiter(2, 60, { nowEpochSeconds: () => now })
  limiter.count('a')
  expect(limiter.blockedForSeconds('a')).toBeUndefined()
  limiter.count('a')
  now += 20
  expect(limiter.blockedForSeconds('a')).toBe(40)
  expect(limiter.blockedForSeconds('b')).toBeUndefined()
  now += 40
  expect(limiter.blockedForSeconds('a')).toBeUndefined()
})

test('a limiter that is full forgets one key, not all', () => {
  const limiter = createLimiter(1, 60, { maximumKeys: 2 })
  for (const key of ['a', 'b', 'a', 'c']) limiter.count(key)
  expect(['a', 'b', 'c'].map((key) => limiter.blockedForSeconds(key) !== undefined)).toEqual([
    true,
    false,
    true,
  ])
})

test('a limiter takes a count back', () => {
  const limiter = createLimiter(1, 60)
  limiter.count('a')
  limiter.uncount('a')
  expect(limiter.blockedForSeconds('a')).toBeUndefined()
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['0:0:0:0:0:FFFF:c000:207', '192.0.2.7'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:DB8:0:0:ffff::', '2001:db8:0:0::/64'],
  ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['unknown', 'unknown'],
  ['x'.repeat(10_000), 'x'.repeat(64)],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test('guesses for one name are limited from wherever they come', { tags: ['A-10'] }, () => {
  const limits = createRateLimits({ enabled: true, trustedProxies: 1 })
  const guess = (username: string, address: string) => {
    const incoming = new IncomingMessage(new Socket())
    incoming.headers['x-forwarded-for'] = address
    return limits.signIn(incoming, username).blocked
  }
  const outcomes = Array.from({ length: 51 }, (_, index) => guess('alice', `192.0.2.${index}`))
  expect(outcomes.indexOf(true)).toBe(50)
  expect(guess('bob', '192.0.2.1')).toBe(false)
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
  'behind %i proxies, %s comes from %s',
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
    // Whoever has the same address is limited with it, and nobody else.
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

/** Posts to a request target as it is: `fetch` would bring it into shape. */
async function statusOf(origin: string, target: string): Promise<number | undefined> {
  const sent = request(origin, { method: 'POST', path: target })
  sent.end()
  const [response]: IncomingMessage[] = await once(sent, 'response')
  response?.resume()
  return response?.statusCode
}

describe('endpoints', () => {
  test('failed token requests are limited, and say for how long', { tags: ['A-08'] }, async () => {
    await using server = await startServer(open)
    const init = () => ({
      body: new URLSearchParams({ client_id: 'nobody', grant_type: 'refresh_token' }),
    })
    const statuses = await postTimes(`${server.issuer}/token`, 101, init)
    expect(statuses.slice(0, 100).every((status) => status === 401)).toBe(true)
    expect(statuses[100]).toBe(429)
    const limited = await fetch(`${server.issuer}/token`, { method: 'POST', ...init() })
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await limited.json()).toMatchObject({ error: 'temporarily_unavailable' })
  })

  test.each(['/Token', '/token/', '/token#x', '//token', '/TOKEN/revocation', '/REG', '/reg/'])(
    'no other spelling gets past the limits: %s',
    { tags: ['A-08'] },
    async (target) => {
      await using server = await startServer(open)
      expect(await statusOf(server.issuer, target)).toBe(404)
      expect(await statusOf(server.issuer, `${server.issuer}${target}`)).toBe(404)
    },
  )

  test('nor does a target in absolute form', { tags: ['A-08'] }, async () => {
    await using server = await startServer(open)
    expect(await statusOf(server.issuer, `${server.issuer}/token`)).toBe(404)
    expect(await statusOf(server.issuer, '/token')).toBe(400)
  })

  test('registrations are limited', { tags: ['A-08'] }, async () => {
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
    '%s is limited by address, with a page that says what to do',
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
  'guessing a password is cut short, one by one or all at once, for that name only',
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
