import { expect, test } from 'vitest'
import { lifetimeSeconds, managedScene } from '../support/managed-grant.ts'

test.each([1, 10, 50, 500])(
  'token manager: %i concurrent callers cause one token request',
  { tags: ['C-51'] },
  async (callers) => {
    await using it = await managedScene()
    const manager = await it.manager()
    it.clock.advanceSeconds(lifetimeSeconds)
    const tokens = await Promise.all(
      Array.from({ length: callers }, () => manager.getAccessToken()),
    )
    expect(new Set(tokens.map((token) => token.value)).size).toBe(1)
    expect(it.as.refreshRequests()).toBe(1)
    expect(it.as.isGrantAlive()).toBe(true)
  },
)

test(
  'token manager: managers over one store refresh once for each expiry, and adopt stored tokens',
  { tags: ['C-51', 'C-52'] },
  async () => {
    await using it = await managedScene()
    const managers = await Promise.all(Array.from({ length: 8 }, () => it.manager()))
    for (let expiry = 1; expiry <= 20; expiry += 1) {
      it.clock.advanceSeconds(lifetimeSeconds)
      const tokens = await Promise.all(managers.map((manager) => manager.getAccessToken()))
      expect(new Set(tokens.map((token) => token.value)).size).toBe(1)
      expect(it.as.refreshRequests()).toBe(expiry)
    }
    expect(it.as.isGrantAlive()).toBe(true)
  },
)

test(
  'token manager: returns a usable token from memory without reading the store',
  { tags: ['C-55'] },
  async () => {
    await using it = await managedScene()
    let reads = 0
    const counting = {
      ...it.store,
      read: (name: Parameters<typeof it.store.read>[0]) => {
        reads += 1
        return it.store.read(name)
      },
    }
    const manager = await it.manager({ store: counting })
    const first = await manager.getAccessToken()
    const readsAfterFirst = reads
    for (let call = 0; call < 100; call += 1) {
      expect((await manager.getAccessToken()).value).toBe(first.value)
    }
    expect(reads).toBe(readsAfterFirst)
    expect(it.as.refreshRequests()).toBe(0)
  },
)

test(
  'token manager: checks a fresh token again after the clock was set back and shortly before expiry',
  { tags: ['C-55'] },
  async () => {
    await using it = await managedScene()
    const manager = await it.manager()
    const first = await manager.getAccessToken()
    expect((await manager.getAccessToken()).value).toBe(first.value)
    expect(() => Object.assign(first, { value: 'changed' })).toThrow(TypeError)
    it.clock.set(it.clock.nowEpochSeconds() - 3600)
    expect((await manager.getAccessToken()).value).toBe(first.value)
    await manager.whenIdle()
    expect(it.as.refreshRequests()).toBe(1)
    const second = await manager.getAccessToken()
    expect(second.value).not.toBe(first.value)
    it.clock.advanceSeconds(lifetimeSeconds * 0.88)
    expect((await manager.getAccessToken()).value).toBe(second.value)
    await manager.whenIdle()
    expect(it.as.refreshRequests()).toBe(2)
  },
)

test(
  'token manager: returns the old token shortly before expiry, while one refresh runs in the background',
  { tags: ['C-55', 'C-51'] },
  async () => {
    await using it = await managedScene()
    const manager = await it.manager()
    const old = await manager.getAccessToken()
    it.clock.advanceSeconds(lifetimeSeconds * 0.88)
    const during = await Promise.all([1, 2, 3].map(() => manager.getAccessToken()))
    expect(during.map((token) => token.value)).toEqual([old.value, old.value, old.value])
    await manager.whenIdle()
    expect(it.as.refreshRequests()).toBe(1)
    expect((await manager.getAccessToken()).value).not.toBe(old.value)
  },
)

test(
  'rejected token: is not refreshed if the store already holds another token',
  { tags: ['C-54'] },
  async () => {
    await using it = await managedScene()
    const [one, other] = await Promise.all([it.manager(), it.manager()])
    const old = await one.getAccessToken()
    await other.getAccessToken()
    const renewed = await one.getAccessToken({ rejectedAccessToken: old.value })
    expect(it.as.refreshRequests()).toBe(1)
    const adopted = await other.getAccessToken({ rejectedAccessToken: old.value })
    expect(adopted.value).toBe(renewed.value)
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  'rejected token: is refreshed if the only other token in the store has expired',
  { tags: ['C-54'] },
  async () => {
    await using it = await managedScene()
    const manager = await it.manager()
    it.clock.advanceSeconds(lifetimeSeconds)
    const { value } = await manager.getAccessToken({ rejectedAccessToken: 'an even older token' })
    expect(it.as.refreshRequests()).toBe(1)
    expect((await manager.getAccessToken()).value).toBe(value)
  },
)

test(
  'rejected token: fifty concurrent callers cause one refresh',
  { tags: ['C-54', 'C-51'] },
  async () => {
    await using it = await managedScene()
    const manager = await it.manager()
    const { value } = await manager.getAccessToken()
    await Promise.all(
      Array.from({ length: 50 }, () => manager.getAccessToken({ rejectedAccessToken: value })),
    )
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  'token manager: a caller that aborts stops waiting, and the refresh goes on for the others',
  { tags: ['C-51'] },
  async () => {
    await using it = await managedScene()
    const manager = await it.manager()
    it.clock.advanceSeconds(lifetimeSeconds)
    const answer = Promise.withResolvers<void>()
    it.as.faults.token.push({ kind: 'hang', until: answer.promise })
    const abort = new AbortController()
    const leaving = manager.getAccessToken({ signal: abort.signal })
    const staying = manager.getAccessToken()
    abort.abort(new Error('no longer interested'))
    await expect(leaving).rejects.toThrow('no longer interested')
    answer.resolve()
    expect((await staying).value).toBeTypeOf('string')
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  'token manager: without a refresh token, uses the access token until expiry and explains the sign-in',
  { tags: ['C-05'] },
  async () => {
    await using it = await managedScene({ issueRefreshTokens: 'never' })
    const manager = await it.manager()
    it.clock.advanceSeconds(lifetimeSeconds * 0.999)
    expect((await manager.getAccessToken()).value).toBeTypeOf('string')
    it.clock.advanceSeconds(lifetimeSeconds * 0.002)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      signInReason: 'no-refresh-token',
    })
    expect(it.as.count('token')).toBe(0)
  },
)

test(
  'refresh: keeps the refresh token if the response has none, and reports a narrower scope',
  { tags: ['C-50', 'C-56'] },
  async () => {
    await using it = await managedScene({ rotation: 'static' })
    const manager = await it.manager()
    const before = (await manager.read())?.tokenSet?.refreshToken
    it.clock.advanceSeconds(lifetimeSeconds)
    it.as.faults.token.push({ kind: 'merge', fields: { refresh_token: undefined, scope: 'other' } })
    await manager.getAccessToken()
    expect((await manager.read())?.tokenSet?.refreshToken).toBe(before)
    expect(it.events).toContainEqual(
      expect.objectContaining({ type: 'scope-narrowed', missingScopes: ['mcp:read'] }),
    )
  },
)

test('token manager: events contain no token', { tags: ['C-06'] }, async () => {
  await using it = await managedScene()
  const manager = await it.manager()
  const before = await manager.read()
  it.clock.advanceSeconds(lifetimeSeconds)
  await manager.getAccessToken()
  const after = await manager.read()
  const heard = JSON.stringify(it.events)
  for (const grant of [before, after]) {
    expect(heard).not.toContain(grant?.tokenSet?.accessToken)
    expect(heard).not.toContain(grant?.tokenSet?.refreshToken)
  }
})
