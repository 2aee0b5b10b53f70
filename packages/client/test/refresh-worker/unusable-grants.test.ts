import { expect, test } from 'vitest'
import type { RecordName } from '../../src/index.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { recordId } from '../../src/grant/grant.ts'
import type { ManyGrants } from '../support/many-grants.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'

async function onlyGrant({ store }: ManyGrants): Promise<RecordName> {
  const { value } = await store.list('grant')[Symbol.asyncIterator]().next()
  return { kind: 'grant', id: String(value) }
}

async function change(
  { store }: ManyGrants,
  name: RecordName,
  members: Record<string, unknown>,
): Promise<void> {
  const stored = await store.read(name)
  const body = JSON.stringify({ ...JSON.parse(stored?.body ?? '{}'), ...members })
  await store.write(name, body, stored?.generation ?? 0)
}

function failures({ events }: ManyGrants): number {
  return events.filter(({ type }) => type === 'refresh-worker-failed').length
}

test(
  'refresh worker: a grant whose refresh throws does not delay the other grants of its server',
  { tags: ['C-53'] },
  async () => {
    await using many = await manyGrants()
    const { clock, observe, store } = many
    await many.signIn('ann')
    await change(many, await onlyGrant(many), { dpopKey: { kty: 'EC', crv: 'unknown' } })
    for (let user = 1; user <= 5; user += 1) await many.signIn(`user-${user}`)
    const worker = createRefreshWorker(store, { clock, observe, maximumConcurrentRefreshes: 1 })
    await worker.start()
    clock.advanceSeconds(lifetimeSeconds * 0.9)
    await worker.whenIdle()
    for (let second = 0; second < 60; second += 1) {
      clock.advanceSeconds(1)
      await worker.whenIdle()
    }
    expect(many.as.count('token', 'refreshed')).toBe(5)
    expect(many.events.filter(({ type }) => type === 'refresh-worker-paused')).toEqual([])
    expect(failures(many)).toBeLessThan(10)
    await worker.stop()
  },
)

test(
  'refresh worker: a grant whose binding cannot be read is not looked at every few seconds',
  { tags: ['C-53'] },
  async () => {
    await using many = await manyGrants()
    const { clock, observe, store } = many
    await many.signIn('ann')
    const id = await recordId(['binding', 'ann', 'https://mcp.test/mcp'])
    const worker = createRefreshWorker(store, { clock, observe })
    await worker.start()
    clock.advanceSeconds(lifetimeSeconds * 0.9)
    await change(many, { kind: 'binding', id }, { version: 99 })
    for (let second = 0; second < 29; second += 1) {
      await worker.whenIdle()
      clock.advanceSeconds(1)
    }
    expect(failures(many)).toBe(1)
    await change(many, { kind: 'binding', id }, { version: 1 })
    clock.advanceSeconds(30)
    await worker.whenIdle()
    expect(many.as.count('token', 'refreshed')).toBe(1)
    await worker.stop()
  },
)
