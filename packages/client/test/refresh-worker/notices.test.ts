import { expect, test } from 'vitest'
import type { NeedsReauthNotice, RefreshWorkerOptions } from '../../src/refresh-worker.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'

async function scene() {
  const many = await manyGrants()
  const grant = await many.signIn('ann')
  const workers: ReturnType<typeof createRefreshWorker>[] = []
  return {
    ...many,
    grant,
    async worker(options: RefreshWorkerOptions) {
      const { clock, observe } = many
      const worker = createRefreshWorker(many.store, { clock, observe, ...options })
      workers.push(worker)
      await worker.start()
      return worker
    },
    /** Starts a worker whose host receives every notice. */
    async listeningWorker() {
      const notices: NeedsReauthNotice[] = []
      const worker = await this.worker({
        async onNeedsReauth(notice) {
          notices.push(notice)
        },
      })
      return { worker, notices }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.stop()))
      await many[Symbol.asyncDispose]()
    },
  }
}

test(
  'notices: the host learns once that a grant needs the user, and which one',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene()
    const notices: NeedsReauthNotice[] = []
    const onNeedsReauth = async (notice: NeedsReauthNotice): Promise<void> => {
      notices.push(notice)
    }
    const [one, other] = [await it.worker({ onNeedsReauth }), await it.worker({ onNeedsReauth })]
    it.as.revokeGrant(it.grant.grantId)
    it.clock.advanceSeconds(lifetimeSeconds * 0.9)
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([one.whenIdle(), other.whenIdle()])
      it.clock.advanceSeconds(60)
    }
    expect(notices).toEqual([
      {
        id: expect.stringMatching(/^[\w-]+$/),
        attempt: 1,
        partition: 'ann',
        serverUrl: 'https://mcp.test/mcp',
        issuer: it.as.issuer,
        resource: 'https://mcp.test/mcp',
        clientId: 'client-1',
        reason: 'refused',
        oauthError: 'invalid_grant',
        detail: expect.any(String),
        endedAtEpochSeconds: expect.any(Number),
      },
    ])
    expect((await it.grant.read())?.notice).toBeUndefined()
    expect(one.stats().notified + other.stats().notified).toBe(1)
    expect(it.events).toContainEqual({
      type: 'refresh-worker-notified',
      issuer: it.as.issuer,
      attempt: 1,
    })
  },
)

test(
  'notices: a delivery that fails is repeated with the same ID, at the time that the host asks for',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene()
    const seen: { readonly id: string; readonly attempt: number; readonly at: number }[] = []
    const worker = await it.worker({
      async onNeedsReauth({ id, attempt }) {
        seen.push({ id, attempt, at: it.clock.nowEpochSeconds() })
        if (attempt === 1) throw Object.assign(new Error('not now'), { retryAfterSeconds: 30 })
        if (attempt === 2) throw new Error('not now')
      },
    })
    it.as.revokeGrant(it.grant.grantId)
    it.clock.advanceSeconds(lifetimeSeconds * 0.9)
    for (let second = 0; second < 60; second += 1) {
      await worker.whenIdle()
      it.clock.advanceSeconds(1)
    }
    const [first, second, third] = seen
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(new Set(seen.map(({ id }) => id)).size).toBe(1)
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBe(30)
    expect((third?.at ?? 0) - (second?.at ?? 0)).toBe(2)
    expect((await it.grant.read())?.notice).toBeUndefined()
    expect(it.events).toContainEqual(
      expect.objectContaining({ type: 'refresh-worker-notice-failed', retryAfterSeconds: 30 }),
    )
  },
)

test(
  'notices: a grant that ends in a session is reported by the worker',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene()
    const plain = await it.worker({ onNeedsReauth: () => Promise.reject(new Error('down')) })
    it.as.revokeGrant(it.grant.grantId)
    it.clock.advanceSeconds(lifetimeSeconds * 0.9)
    await plain.whenIdle()
    // The process ends. The record says what is still to be delivered.
    await plain.stop()
    expect((await it.grant.read())?.notice?.failures).toBeGreaterThan(0)
    const { worker: next, notices } = await it.listeningWorker()
    it.clock.advanceSeconds(5)
    await next.whenIdle()
    expect(notices).toHaveLength(1)
  },
)

test(
  'notices: none is sent if the user has signed in again, and the new sign-in keeps the grant',
  { tags: ['C-53', 'C-22'] },
  async () => {
    await using it = await scene()
    const down = await it.worker({ onNeedsReauth: () => Promise.reject(new Error('down')) })
    it.as.revokeGrant(it.grant.grantId)
    it.clock.advanceSeconds(lifetimeSeconds * 0.9)
    await down.whenIdle()
    await down.stop()
    const before: string[] = []
    for await (const id of it.store.list('grant')) before.push(id)
    const again = await it.signIn('ann')
    const { worker, notices } = await it.listeningWorker()
    it.clock.advanceSeconds(60)
    await worker.whenIdle()
    expect(notices).toEqual([])
    const after: string[] = []
    for await (const id of it.store.list('grant')) after.push(id)
    expect(after).toEqual(before)
    expect((await again.read())?.state).toBe('active')
  },
)

test(
  'notices: a handler that never answers does not use up the room for refreshes',
  { tags: ['C-53', 'C-55'] },
  async () => {
    await using it = await scene()
    for (let user = 1; user <= 10; user += 1) {
      it.as.revokeGrant((await it.signIn(`user-${user}`)).grantId)
    }
    it.as.revokeGrant(it.grant.grantId)
    it.clock.advanceSeconds(lifetimeSeconds / 2)
    const handled = Promise.withResolvers<void>()
    let underWay = 0
    let mostUnderWay = 0
    const worker = await it.worker({
      maximumInFlight: 8,
      async onNeedsReauth() {
        underWay += 1
        mostUnderWay = Math.max(mostUnderWay, underWay)
        await handled.promise
        underWay -= 1
      },
    })
    it.clock.advanceSeconds(lifetimeSeconds * 0.4)
    await expect
      .poll(() => {
        it.clock.advanceSeconds(0.1)
        return it.as.refreshRequests()
      })
      .toBe(11)
    await expect
      .poll(() => {
        it.clock.advanceSeconds(0.1)
        return underWay > 0 && worker.stats().inFlight === underWay
      })
      .toBe(true)
    // The handler has not been given up yet, so the worker has room in spite of it.
    expect(it.events.some(({ type }) => type === 'refresh-worker-notice-failed')).toBe(false)
    expect(mostUnderWay).toBe(2)
    handled.resolve()
    await expect
      .poll(() => {
        it.clock.advanceSeconds(5)
        return worker.stats().notified
      })
      .toBe(11)
  },
)

test(
  'notices: a delivery that never ends has failed after a while, and a late answer changes nothing',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene()
    const late = Promise.withResolvers<void>()
    const attempts: number[] = []
    const worker = await it.worker({
      async onNeedsReauth({ attempt }) {
        attempts.push(attempt)
        if (attempt === 1) await late.promise
      },
    })
    it.as.revokeGrant(it.grant.grantId)
    it.clock.advanceSeconds(lifetimeSeconds * 0.9)
    await expect
      .poll(() => {
        it.clock.advanceSeconds(1)
        return worker.stats().notified
      })
      .toBe(1)
    late.reject(new Error('too late'))
    expect(attempts).toEqual([1, 2])
    expect(it.events).toContainEqual(
      expect.objectContaining({ type: 'refresh-worker-notice-failed', attempt: 1 }),
    )
  },
)

test(
  'notices: a handler that throws instead of returning a promise counts as a failed delivery',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene()
    let calls = 0
    const worker = await it.worker({
      onNeedsReauth() {
        calls += 1
        if (calls === 1) throw new Error('not ready')
        return Promise.resolve()
      },
    })
    it.as.revokeGrant(it.grant.grantId)
    it.clock.advanceSeconds(lifetimeSeconds * 0.9)
    await worker.whenIdle()
    expect((await it.grant.read())?.notice?.failures).toBe(1)
    it.clock.advanceSeconds(2)
    await worker.whenIdle()
    expect(worker.stats().notified).toBe(1)
  },
)

test(
  'notices: a worker without a handler leaves them to one that has it',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene()
    const without = await it.worker({})
    it.as.revokeGrant(it.grant.grantId)
    it.clock.advanceSeconds(lifetimeSeconds * 0.9)
    await without.whenIdle()
    expect((await it.grant.read())?.state).toBe('needs-reauth')
    expect((await it.grant.read())?.notice).toBeDefined()
    const { worker: handling, notices } = await it.listeningWorker()
    it.clock.advanceSeconds(5)
    await handling.whenIdle()
    expect(notices).toHaveLength(1)
  },
)

test(
  'notices: a worker without a handler looks at them less and less often, and drops them after a week',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene()
    const without = await it.worker({})
    it.as.revokeGrant(it.grant.grantId)
    it.clock.advanceSeconds(lifetimeSeconds * 0.9)
    await without.whenIdle()
    const looks = (): number =>
      it.events.filter(({ type }) => type === 'refresh-worker-claimed').length
    const before = looks()
    for (let hour = 0; hour < 24; hour += 1) {
      it.clock.advanceSeconds(3600)
      await without.whenIdle()
    }
    expect(looks() - before).toBeLessThanOrEqual(24)
    it.clock.advanceSeconds(7 * 86_400)
    await without.whenIdle()
    const claim = await it.store.due.claim({ limit: 1, claimSeconds: 1 })
    expect(claim).toEqual({ grants: [], nextDueInSeconds: Number.POSITIVE_INFINITY })
  },
)
