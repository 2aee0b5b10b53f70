import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { hashPassword } from '../src/accounts.ts'
import { createLimiter } from '../src/rate-limit.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import { createBrowser } from './browser.ts'
import { redirectUri, resource, startServer, temporaryFolder } from './support.ts'

test('a limiter counts by key and forgets with the window', () => {
  let now = 1000
  const limiter = createLimiter(2, 60, () => now)
  limiter.count('a')
  expect(limiter.blockedForSeconds('a')).toBeUndefined()
  limiter.count('a')
  now += 20
  expect(limiter.blockedForSeconds('a')).toBe(40)
  expect(limiter.blockedForSeconds('b')).toBeUndefined()
  now += 40
  expect(limiter.blockedForSeconds('a')).toBeUndefined()
})

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

test('guessing a password is cut short, for that name only', { tags: ['A-10'] }, async () => {
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
  const other = await browser.submit(page, { username: 'bob', password: 'correct horse' })
  expect(other.text).toContain('Signed in as bob')
})
