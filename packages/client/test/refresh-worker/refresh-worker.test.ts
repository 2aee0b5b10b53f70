import { expect, test } from 'vitest'
import type { RefreshWorkerOptions } from '../../src/refresh-worker.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import type { ManyGrants, UserGrant } from '../support/many-grants.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'

async function scene(users: number, options: Parameters<typeof manyGrants>[0] = {}) {
  const many = await manyGrants(options)
  const grants: UserGrant[] = []
  for (let user = 1; user <= users; user += 1) grants.push(await many.signIn(`user-${user}`))
  const workers: ReturnType<typeof createRefreshWorker>[] = []
  return {
    ...many,
    grants,
    worker(more: RefreshWorkerOptions = {}) {
      const { clock, observe } = many
      const worker = createRefreshWorker(many.store, { clock, observe, random: evenly(), ...more })
      workers.push(worker)
      return worker
    },
    /** Advances the clock in steps. After each, every worker finishes what is due. */
    async pass(seconds: number, stepSeconds: number) {
      for (let passed = 0; passed < seconds; passed += stepSeconds) {
        many.clock.advanceSeconds(stepSeconds)
        await Promise.all(workers.map((worker) => worker.whenIdle()))
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.stop()))
      await many[Symbol.asyncDispose]()
    },
  }
}

/** Numbers that cover [0, 1) evenly, the same in each run. */
function evenly(): () => number {
  let number = 0
  return () => (number = (number + 0.618_033_988_749_895) % 1)
}

function refreshTokensSent({ as }: Pick<ManyGrants, 'as'>): string[] {
  return as.requests
    .filter(({ form }) => form['grant_type'] === 'refresh_token')
    .map(({ form }) => form['refresh_token'] ?? '')
}

test(
  'refresh worker: two workers refresh each of many grants once for each expiry, ahead of it',
  { tags: ['C-51', 'C-55'] },
  async () => {
    await using it = await scene(200)
    const [one, other] = [it.worker(), it.worker()]
    await Promise.all([one.start(), other.start()])
    expect(one.stats().running).toBe(true)
    // Due between 800 and 850 seconds after the last one: twice in 2000 seconds.
    await it.pass(2000, 15)
    expect(one.stats().refreshed + other.stats().refreshed).toBe(400)
    // Either worker may do each refresh, and the other one does the rest.
    await one.stop()
    const alone = other.stats().refreshed
    await it.pass(1000, 15)
    expect(other.stats().refreshed - alone).toBe(200)
    expect(it.as.count('token', 'refreshed')).toBe(600)
    expect(it.as.refreshRequests()).toBe(600)
    expect(new Set(refreshTokensSent(it)).size).toBe(600)
    expect(it.as.grants().every((grant) => grant.alive)).toBe(true)
    const started = it.events.filter((event) => event.type === 'refresh-started')
    expect(new Set(started.map((event) => event.reason))).toEqual(new Set(['ahead-of-expiry']))
  },
)

test(
  'refresh worker: after Retry-After, all grants of the server wait on every worker',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene(50)
    const [one, other] = [it.worker({ maximumConcurrentRefreshes: 1 }), it.worker()]
    await one.start()
    it.as.faults.token.push({ kind: 'status', status: 429, headers: { 'retry-after': '60' } })
    it.clock.advanceSeconds(lifetimeSeconds * 0.89)
    await one.whenIdle()
    expect(it.as.refreshRequests()).toBe(1)
    expect(it.events).toContainEqual(
      expect.objectContaining({ type: 'refresh-worker-paused', issuer: it.as.issuer }),
    )
    expect(one.stats().servers[0]?.pausedUntilEpochSeconds).toBe(it.clock.nowEpochSeconds() + 60)

    await other.start()
    await it.pass(59, 1)
    expect(it.as.refreshRequests()).toBe(1)
    await it.pass(80, 1)
    expect(it.as.count('token', 'refreshed')).toBe(50)
    expect(it.as.refreshRequests()).toBe(51)
    expect(one.stats().servers[0]?.pausedUntilEpochSeconds).toBeUndefined()
  },
)

test(
  'refresh worker: after a pause one grant goes first, and the others wait while the server fails',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene(20)
    const worker = it.worker({ maximumConcurrentRefreshes: 1 })
    await worker.start()
    it.as.faults.token.push(
      ...Array.from({ length: 3 }, () => ({
        kind: 'status' as const,
        status: 503,
        headers: { 'retry-after': '10' },
      })),
    )
    it.clock.advanceSeconds(lifetimeSeconds * 0.89)
    await worker.whenIdle()
    for (const requests of [2, 3]) {
      await it.pass(10, 1)
      expect(it.as.refreshRequests()).toBe(requests)
    }
    await it.pass(30, 1)
    expect(it.as.count('token', 'refreshed')).toBe(20)
  },
)

test(
  'refresh worker: a grant that needs the user does not delay others, and is not requested again',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene(10)
    it.as.revokeGrant(it.grants[4]?.grantId)
    const worker = it.worker()
    await worker.start()
    await it.pass(lifetimeSeconds * 0.9, 20)
    expect(it.as.count('token', 'refreshed')).toBe(9)
    expect(it.as.refreshRequests()).toBe(10)
    expect((await it.grants[4]?.read())?.state).toBe('needs-reauth')
    await it.pass(lifetimeSeconds * 0.9, 20)
    expect(it.as.count('token', 'refreshed')).toBe(18)
    expect(it.as.refreshRequests()).toBe(19)
  },
)

test(
  'refresh worker: a grant that keeps failing does not delay others, and is repeated less and less often',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene(20)
    const poison = it.grants[7]?.refreshToken ?? ''
    let failed = 0
    const failing: typeof fetch = async (input, init) => {
      const form = new URLSearchParams(await new Response(init?.body ?? null).text())
      if (form.get('refresh_token') === poison) {
        failed += 1
        return new Response('', { status: 500 })
      }
      return await fetch(input, init)
    }
    const worker = it.worker({ fetch: failing })
    await worker.start()
    await it.pass(lifetimeSeconds, 1)
    expect(it.as.count('token', 'refreshed')).toBe(19)
    expect(failed).toBeGreaterThan(3)
    expect(failed).toBeLessThan(12)
    expect((await it.grants[7]?.read())?.state).toBe('active')
  },
)

test(
  'refresh worker: stop waits until the running refresh is saved, and sends nothing afterwards',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene(3)
    const answer = Promise.withResolvers<void>()
    it.as.faults.token.push({ kind: 'hang', until: answer.promise })
    const worker = it.worker({ maximumConcurrentRefreshes: 1 })
    await worker.start()
    await it.clock.untilSleeping()
    it.clock.advanceSeconds(lifetimeSeconds * 0.89)
    await expect.poll(() => it.as.refreshRequests()).toBe(1)
    let stopped = false
    const stopping = worker.stop().then(() => (stopped = true))
    await new Promise(setImmediate)
    expect(stopped).toBe(false)
    answer.resolve()
    await stopping
    expect(it.as.count('token', 'refreshed')).toBe(1)
    const tokens = await Promise.all(it.grants.map((grant) => grant.read()))
    const renewed = tokens.filter(
      (grant, index) => grant?.tokenSet?.refreshToken !== it.grants[index]?.refreshToken,
    )
    expect(renewed).toHaveLength(1)
    await it.pass(lifetimeSeconds, 100)
    expect(it.as.refreshRequests()).toBe(1)
    expect(worker.stats()).toMatchObject({ running: false, inFlight: 0 })
  },
)

test(
  'refresh worker: Retry-After 0 does not cause requests without a pause',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene(1)
    for (let fault = 0; fault < 100; fault += 1) {
      it.as.faults.token.push({ kind: 'status', status: 503, headers: { 'retry-after': '0' } })
    }
    const worker = it.worker()
    await worker.start()
    await it.pass(lifetimeSeconds, 100)
    expect(it.as.refreshRequests()).toBeGreaterThan(1)
    expect(it.as.refreshRequests()).toBeLessThan(20)
    await worker.stop()
  },
)

test(
  'refresh worker: a refresh that a crash left open is repeated at once',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene(1)
    const { value: id } = await it.store.list('grant')[Symbol.asyncIterator]().next()
    const name = { kind: 'grant', id: String(id) } as const
    const stored = await it.store.read(name)
    const grant = JSON.parse(stored?.body ?? '')
    const pending = { startedAtEpochSeconds: it.clock.nowEpochSeconds(), attempts: 1 }
    await it.store.write(name, JSON.stringify({ ...grant, pending }), stored?.generation ?? 0)

    const worker = it.worker()
    await worker.start()
    await worker.whenIdle()
    expect(it.as.count('token', 'refreshed')).toBe(1)
    expect(it.events).toContainEqual(expect.objectContaining({ type: 'refresh-recovering' }))
    expect((await it.grants[0]?.read())?.pending).toBeUndefined()
  },
)

test('refresh worker: start fails if the store cannot be read', { tags: ['C-53'] }, async () => {
  await using it = await scene(1)
  const worker = createRefreshWorker(
    {
      ...it.store,
      due: { ...it.store.due, claim: () => Promise.reject(new Error('disk failed')) },
    },
    { clock: it.clock },
  )
  await expect(worker.start()).rejects.toMatchObject({ code: 'TOKEN_STORE_UNAVAILABLE' })
  expect(worker.stats().running).toBe(false)
})

test.each([
  { maximumConcurrentRefreshes: 0 },
  { maximumConcurrentRefreshes: 1.5 },
  { maximumRefreshesPerSecond: 0 },
  { maximumInFlight: 0 },
  { pollSeconds: 0 },
  { pollSeconds: Number.NaN },
])('refresh worker: the options %o are refused', async (options) => {
  await using it = await scene(0)
  expect(() => createRefreshWorker(it.store, options)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})

test(
  'refresh worker: finds new sign-ins, also for grants that needed the user',
  { tags: ['C-55'] },
  async () => {
    await using it = await scene(2)
    it.as.revokeGrant(it.grants[0]?.grantId)
    const worker = it.worker()
    await worker.start()
    await it.pass(lifetimeSeconds * 0.9, 20)
    await it.signIn('user-1')
    await it.signIn('user-3')
    await it.pass(80, 20)
    const before = it.as.count('token', 'refreshed')
    await it.pass(lifetimeSeconds * 0.9, 20)
    expect(it.as.count('token', 'refreshed')).toBe(before + 3)
  },
)

test(
  'refresh worker: a rotated client secret is used from the next refresh on',
  { tags: ['C-53', 'C-55'] },
  async () => {
    await using it = await scene(2)
    it.as.rotateClientSecret('client-1', 'second secret')
    const preRegistered = {
      [it.as.issuer]: { clientId: 'client-1', clientSecret: 'second secret' },
    }
    const worker = it.worker({ client: { name: 'a gateway', preRegistered } })
    await worker.start()
    await it.pass(lifetimeSeconds * 0.95, 20)
    expect(it.as.count('token', 'refreshed')).toBe(2)
    expect(it.as.refreshRequests()).toBe(2)
  },
)

test(
  'refresh worker: finds a moved token endpoint for each grant that needs it',
  { tags: ['C-31', 'C-53'] },
  async () => {
    await using it = await scene(3)
    const worker = it.worker()
    await worker.start()
    it.as.moveTokenEndpoint('/oauth/v2/token')
    await it.pass(lifetimeSeconds * 0.95, 20)
    expect(it.as.count('token', 'refreshed')).toBe(3)
    const asked = it.as.count('metadata')
    await it.pass(lifetimeSeconds * 0.95, 20)
    expect(it.as.count('token', 'refreshed')).toBe(6)
    expect(it.as.count('metadata')).toBe(asked)
  },
)

test(
  'refresh worker: keeps the grants of a client that the server refuses',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene(1)
    const worker = it.worker()
    await worker.start()
    it.as.faults.token.push({ kind: 'oauth-error', error: 'unauthorized_client' })
    await it.pass(lifetimeSeconds * 0.95, 20)
    expect(it.as.refreshRequests()).toBe(1)
    await it.pass(4800, 60)
    expect(refreshTokensSent(it).slice(0, 2)).toEqual(Array(2).fill(it.grants[0]?.refreshToken))
    expect(it.as.count('token', 'refreshed')).toBeGreaterThan(0)
  },
)

test(
  'refresh worker: if the clock was set back, grants of unknown age are refreshed',
  { tags: ['C-55'] },
  async () => {
    await using it = await scene(5)
    const worker = it.worker()
    await worker.start()
    it.clock.set(it.clock.nowEpochSeconds() - 3600)
    await it.pass(20, 1)
    expect(it.as.count('token', 'refreshed')).toBe(5)
  },
)

test(
  'refresh worker: keeps tokens that cannot be saved, and saves them when the store works again',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene(1)
    let failing = false
    const store = {
      ...it.store,
      write: async (...write: Parameters<typeof it.store.write>) => {
        if (failing && write[0].kind === 'grant') throw new Error('disk full')
        return await it.store.write(...write)
      },
    }
    const answered: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      failing = true
      return response
    }
    const { clock, observe } = it
    const worker = createRefreshWorker(store, {
      clock,
      observe,
      fetch: answered,
      random: () => 0,
    })
    await worker.start()
    clock.advanceSeconds(lifetimeSeconds * 0.86)
    await expect
      .poll(() => {
        clock.advanceSeconds(1)
        return it.events.some((event) => event.type === 'save-failed')
      })
      .toBe(true)
    expect((await it.grants[0]?.read())?.pending).toBeDefined()
    failing = false
    await expect
      .poll(async () => {
        clock.advanceSeconds(1)
        return (await it.grants[0]?.read())?.tokenSet?.refreshToken
      })
      .not.toBe(it.grants[0]?.refreshToken)
    expect(it.as.refreshRequests()).toBe(1)
    expect((await it.grants[0]?.read())?.pending).toBeUndefined()
    await worker.stop()
  },
)
