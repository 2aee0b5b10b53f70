import { randomBytes } from 'node:crypto'
import type { VirtualClock } from '@evergrant/test-kit'
import {
  startProtectedServer,
  startScriptedAuthorizationServer,
  virtualClock,
} from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import type { RecordStore } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { finishSignIn, forward, keepFresh, openStore, sessionOf } from '../support/gateway.ts'
import { noteMissing, postgresPool, postgresUrl, sharedStores } from '../support/shared-stores.ts'

const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })

function gatewayClock(): VirtualClock {
  return virtualClock(Math.floor(Date.now() / 1000))
}

async function scene(store: RecordStore, clock: VirtualClock = gatewayClock()) {
  const as = await startScriptedAuthorizationServer({ clock, accessTokenLifetimeSeconds: 1000 })
  const server = await startProtectedServer(as, { clock, scopesSupported: ['mcp:read'] })
  return {
    clock,
    as,
    server,
    /** Opens the sign-in URL as a browser does, and returns the callback URL. */
    async browse(answer: Response) {
      const body: unknown = await answer.json()
      const url = typeof body === 'object' && body !== null && 'signInUrl' in body && body.signInUrl
      const page = await fetch(String(url), { redirect: 'manual' })
      return page.headers.get('location') ?? ''
    },
    session: (userId: string) => sessionOf(store, userId, server.resource),
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
    },
  }
}

test(
  'gateway guide: each user signs in once, on any machine, and the sign-ins stay usable',
  { tags: ['C-05', 'C-36', 'C-55'] },
  async () => {
    const clock = gatewayClock()
    const store = memoryStore({ clock })
    await using it = await scene(store, clock)
    for (const user of ['ann', 'ben']) {
      const answer = await forward(it.session(user), call)
      expect(answer.status).toBe(401)
      const done = await finishSignIn(store, user, await it.browse(answer))
      expect(done.status).toBe(200)
      expect((await forward(it.session(user), call)).status).toBe(200)
    }
    const worker = await keepFresh(store, { clock: it.clock })
    for (let expiry = 1; expiry <= 3; expiry += 1) {
      it.clock.advanceSeconds(900)
      await worker.whenIdle()
      expect(it.as.refreshRequests()).toBe(2 * expiry)
    }
    await worker.stop()
  },
)

test(
  'gateway guide: a callback with a refusal redirects the user to the next request',
  { tags: ['C-05', 'C-41'] },
  async () => {
    const store = memoryStore()
    await using it = await scene(store)
    const refusal = { kind: 'oauth-error', error: 'invalid_scope' } as const
    it.as.faults.authorize.push(refusal, refusal)
    const answer = await forward(it.session('ann'), call)
    const again = await finishSignIn(store, 'ann', await it.browse(answer))
    expect(again.status).toBe(302)
    const next = again.headers.get('location') ?? ''
    expect(new URL(next).searchParams.get('scope')).toBe('mcp:read')
    const page = await fetch(next, { redirect: 'manual' })
    const done = await finishSignIn(store, 'ann', page.headers.get('location') ?? '')
    expect(done.status).toBe(200)
    expect((await forward(it.session('ann'), call)).status).toBe(200)
  },
)

test('gateway guide: refuses a sign-in that another user started', { tags: ['C-35'] }, async () => {
  const store = memoryStore()
  await using it = await scene(store)
  const callbackUrl = await it.browse(await forward(it.session('mallory'), call))
  expect((await finishSignIn(store, 'ann', callbackUrl)).status).toBe(400)
  expect((await finishSignIn(store, 'ann', 'https://gateway.example/?state=x')).status).toBe(400)
  expect((await forward(it.session('ann'), call)).status).toBe(401)
})

for (const kind of sharedStores.slice(0, 1)) noteMissing('gateway guide over PostgreSQL', kind)

describe.runIf(postgresUrl !== undefined)('gateway guide over PostgreSQL', () => {
  test(
    'gateway guide: a sign-in on one machine serves another, over PostgreSQL',
    { tags: ['C-36'] },
    async () => {
      const key = randomBytes(32)
      const pools = [postgresPool(4, 'gateway-1'), postgresPool(4, 'gateway-2')]
      const stores = await Promise.all(pools.map((pool) => openStore(pool, key)))
      const [here = memoryStore(), there = memoryStore()] = stores
      await using it = await scene(here)
      const user = `user-${randomBytes(6).toString('hex')}`
      const callbackUrl = await it.browse(await forward(it.session(user), call))
      expect((await finishSignIn(there, user, callbackUrl)).status).toBe(200)
      expect((await forward(it.session(user), call)).status).toBe(200)
      await it.session(user).signOut()
      await Promise.all(pools.map((pool) => pool.end()))
    },
  )
})
