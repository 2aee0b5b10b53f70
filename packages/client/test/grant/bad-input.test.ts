import { startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { grantId } from '../../src/grant/grant.ts'
import type { GrantIdentity, RecordName, RecordStore } from '../../src/index.ts'
import { createTokenManager } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { plainExchange, signedInGrant } from '../support/managed-grant.ts'

const lifetimeSeconds = 1000

async function scene() {
  const clock = virtualClock()
  const as = await startScriptedAuthorizationServer({
    accessTokenLifetimeSeconds: lifetimeSeconds,
    clients: [{ clientId: 'client-1' }],
  })
  const setAside: RecordName[] = []
  const memory = memoryStore()
  const store: RecordStore = {
    ...memory,
    async setAside(name, expectedGeneration) {
      setAside.push(name)
      await memory.setAside(name, expectedGeneration)
    },
  }
  const grant = await signedInGrant(as, store, clock)
  const nameOf = async (identity: GrantIdentity): Promise<RecordName> => ({
    kind: 'grant',
    id: await grantId(identity),
  })
  return {
    as,
    clock,
    setAside,
    ...grant,
    nameOf,
    bodyOf: async (name: RecordName) => (await store.read(name))?.body,
    async overwrite(name: RecordName, body: string) {
      await store.write(name, body, (await store.read(name))?.generation ?? 0)
    },
    managerOf: (identity: GrantIdentity) =>
      createTokenManager(identity, { store, clock, exchange: plainExchange(as.tokenEndpoint) }),
    [Symbol.asyncDispose]: () => as.close(),
  }
}

test(
  'grant record: one of a later version is not changed, and nothing is sent',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene()
    const name = await it.nameOf(it.identity)
    const later = JSON.stringify({ ...JSON.parse((await it.bodyOf(name)) ?? ''), version: 2 })
    await it.overwrite(name, later)
    it.clock.advanceSeconds(lifetimeSeconds)
    const manager = await it.managerOf(it.identity)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'RECORD_UNREADABLE',
      message: expect.stringContaining('it has version 2'),
    })
    expect(await it.bodyOf(name)).toBe(later)
    expect(it.setAside).toEqual([])
    expect(it.as.requests).toEqual([])
  },
)

test.each([
  ['partition', { partition: 'another-user' }],
  ['issuer', { issuer: 'https://other.test' }],
  ['resource', { resource: 'https://other.test/mcp' }],
  ['clientId', { clientId: 'client-2' }],
])(
  'grant record: one that was copied from another %s is set aside, and nothing is sent',
  { tags: ['C-39', 'C-52'] },
  async (member, difference) => {
    await using it = await scene()
    const identity = { ...it.identity, ...difference }
    const [own, copied] = await Promise.all([it.nameOf(it.identity), it.nameOf(identity)])
    const body = (await it.bodyOf(own)) ?? ''
    await it.overwrite(copied, body)
    it.clock.advanceSeconds(lifetimeSeconds)
    const manager = await it.managerOf(identity)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'RECORD_UNREADABLE',
      message: expect.stringContaining(`its ${member} is a different one`),
    })
    expect(it.setAside).toEqual([copied])
    expect(await it.bodyOf(copied)).toBeUndefined()
    expect(await it.bodyOf(own)).toBe(body)
    expect(it.as.requests).toEqual([])
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      signInReason: 'never-signed-in',
    })
  },
)

test('lifetime: a string of digits is accepted', { tags: ['C-55'] }, async () => {
  await using it = await scene()
  const manager = await it.manager()
  it.clock.advanceSeconds(lifetimeSeconds)
  it.as.faults.token.push({ kind: 'merge', fields: { expires_in: '500' } })
  const { value } = await manager.getAccessToken()
  it.clock.advanceSeconds(300)
  expect((await manager.getAccessToken()).value).toBe(value)
  expect(it.as.refreshRequests()).toBe(1)
  it.clock.advanceSeconds(200)
  expect((await manager.getAccessToken()).value).not.toBe(value)
  expect(it.as.refreshRequests()).toBe(2)
})

test.each([
  ['absent', { kind: 'omit', fields: ['expires_in'] }],
  ['negative', { kind: 'merge', fields: { expires_in: -1 } }],
  ['zero', { kind: 'merge', fields: { expires_in: 0 } }],
  ['a word', { kind: 'merge', fields: { expires_in: 'soon' } }],
] as const)(
  'lifetime: %s is unknown, so the token is used until it is rejected and then refreshed once',
  { tags: ['C-54', 'C-55'] },
  async (_, fault) => {
    await using it = await scene()
    const manager = await it.manager()
    it.clock.advanceSeconds(lifetimeSeconds)
    it.as.faults.token.push(fault)
    const { value } = await manager.getAccessToken()
    it.clock.advanceSeconds(365 * 24 * 3600)
    expect((await manager.getAccessToken()).value).toBe(value)
    await manager.whenIdle()
    expect(it.as.refreshRequests()).toBe(1)
    const next = await manager.getAccessToken({ rejectedAccessToken: value })
    expect(next.value).not.toBe(value)
    expect(it.as.refreshRequests()).toBe(2)
  },
)
