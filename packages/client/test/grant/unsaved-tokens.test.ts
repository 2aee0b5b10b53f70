import { expect, test } from 'vitest'
import type { RecordStore, TokenManager, TokenManagerOptions } from '../../src/index.ts'
import type { ManagedScene } from '../support/managed-grant.ts'
import { lifetimeSeconds, managedScene, plainExchange } from '../support/managed-grant.ts'

/** Two managers over one store. The store fails the first one between its request and its save. */
async function unsavedAt(
  it: ManagedScene,
  ageSeconds: number = lifetimeSeconds,
  options: Partial<TokenManagerOptions> = {},
) {
  const { store, breakAfterResponse, repair } = breakable(it)
  const manager = await it.manager({
    ...options,
    store,
    maximumWaitSeconds: 0,
    clock: {
      nowEpochSeconds: () => it.clock.nowEpochSeconds(),
      // Pauses within one attempt to save pass at once; pauses between attempts take time.
      sleep: async (milliseconds) => {
        if (milliseconds === 1000) await it.clock.sleep(milliseconds)
      },
    },
    exchange: breakAfterResponse,
  })
  const other = await it.manager({ maximumWaitSeconds: 0, lockWaitMilliseconds: 20 })
  await manager.getAccessToken()
  it.clock.advanceSeconds(ageSeconds)
  return { manager, other, repair }
}

/** A store that cannot be written after the response of a refresh has arrived. */
function breakable(it: ManagedScene) {
  let broken = false
  const store: RecordStore = {
    ...it.store,
    write: (...args) => (broken ? Promise.reject(new Error('ENOSPC')) : it.store.write(...args)),
  }
  const exchange = plainExchange(it.as.tokenEndpoint)
  return {
    store,
    breakAfterResponse: async (grant: Parameters<typeof exchange>[0]) => {
      const result = await exchange(grant)
      broken = true
      return result
    },
    repair: () => {
      broken = false
    },
  }
}

/** The token that a manager returns now, or `undefined` if it cannot. */
function tokenOf(manager: TokenManager): () => Promise<string | undefined> {
  return () =>
    manager.getAccessToken().then(
      ({ value }) => value,
      () => undefined,
    )
}

test(
  'refresh: spends no refresh token if the store cannot be written',
  { tags: ['C-52'] },
  async () => {
    await using it = await managedScene()
    const manager = await it.manager({
      store: { ...it.store, write: () => Promise.reject(new Error('ENOSPC')) },
      maximumWaitSeconds: 0,
    })
    it.clock.advanceSeconds(lifetimeSeconds)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
    })
    expect(it.as.refreshRequests()).toBe(0)
  },
)

test(
  'refresh: keeps tokens in memory when the save fails, and returns them only after they are saved',
  { tags: ['C-52'] },
  async () => {
    await using it = await managedScene()
    const { store, breakAfterResponse, repair } = breakable(it)
    const manager = await it.manager({
      maximumWaitSeconds: 0,
      store,
      clock: {
        nowEpochSeconds: () => it.clock.nowEpochSeconds(),
        sleep: () => Promise.resolve(),
      },
      exchange: breakAfterResponse,
    })
    it.clock.advanceSeconds(lifetimeSeconds)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
    })
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
    })
    repair()
    const { value } = await manager.getAccessToken()
    expect(it.as.refreshRequests()).toBe(1)
    expect((await manager.read())?.tokenSet?.accessToken).toBe(value)
  },
)

test(
  'unsaved tokens: hold the lock until they are saved, so no process sends the spent token',
  { tags: ['C-51', 'C-52', 'C-53'] },
  async () => {
    await using it = await managedScene()
    const { manager, other, repair } = await unsavedAt(it)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
    })
    await expect(other.getAccessToken()).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })
    repair()
    // The manager with the tokens saves them without another call.
    await it.clock.untilSleeping()
    it.clock.advanceSeconds(1)
    await expect.poll(async () => (await manager.read())?.pending).toBeUndefined()
    expect(await tokenOf(other)()).toBe((await manager.read())?.tokenSet?.accessToken)
    expect(it.as.refreshRequests()).toBe(1)
    expect(it.as.isGrantAlive()).toBe(true)
  },
)

test(
  'unsaved tokens: the previous token stays in use while it is usable',
  { tags: ['C-52', 'C-55'] },
  async () => {
    await using it = await managedScene()
    const { manager, repair } = await unsavedAt(it, lifetimeSeconds * 0.88)
    const first = await manager.getAccessToken()
    await manager.whenIdle()
    expect(it.as.refreshRequests()).toBe(1)
    expect((await manager.getAccessToken()).value).toBe(first.value)
    repair()
    it.clock.advanceSeconds(lifetimeSeconds * 0.2)
    expect((await manager.getAccessToken()).value).not.toBe(first.value)
    expect(it.as.isGrantAlive()).toBe(true)
  },
)

test(
  'unsaved tokens: whenIdle() saves them if the store recovers before the process exits',
  { tags: ['C-52'] },
  async () => {
    await using it = await managedScene()
    const { manager, other, repair } = await unsavedAt(it)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
    })
    repair()
    await manager.whenIdle()
    expect((await manager.read())?.pending).toBeUndefined()
    expect(await tokenOf(other)()).toBeTypeOf('string')
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test('unsaved tokens: signing out discards them', { tags: ['C-57'] }, async () => {
  await using it = await managedScene()
  const discarded: unknown[] = []
  const { manager, repair } = await unsavedAt(it, lifetimeSeconds, {
    discard: async ({ tokenSet }) => void discarded.push(tokenSet?.refreshToken),
  })
  const spent = (await manager.read())?.tokenSet?.refreshToken
  await expect(manager.getAccessToken()).rejects.toMatchObject({
    code: 'TOKEN_STORE_WRITE_FAILED',
  })
  repair()
  await manager.forget()
  expect(discarded).toEqual([expect.any(String)])
  expect(discarded).not.toContain(spent)
})

test('sign-in: saves the tokens again when the store fails', { tags: ['C-52'] }, async () => {
  await using it = await managedScene()
  let failures = 3
  const manager = await it.manager({
    store: {
      ...it.store,
      write: (...args) =>
        (failures -= 1) >= 0 ? Promise.reject(new Error('EBUSY')) : it.store.write(...args),
    },
  })
  const signingIn = manager.saveSignIn({
    tokenSet: {
      accessToken: 'at.new',
      tokenType: 'Bearer',
      issuedAtEpochSeconds: it.clock.nowEpochSeconds(),
      expiresAtEpochSeconds: undefined,
      refreshToken: 'rt.new',
      scope: undefined,
    },
    requestedScope: undefined,
  })
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await it.clock.untilSleeping()
    it.clock.advanceSeconds(1)
  }
  await signingIn
  expect((await manager.read())?.tokenSet?.refreshToken).toBe('rt.new')
})

test(
  'unsaved tokens: a sign-in or a sign-out releases their lock',
  { tags: ['C-51', 'C-52'] },
  async () => {
    await using it = await managedScene()
    const { manager, other, repair } = await unsavedAt(it)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
    })
    repair()
    const tokenSet = {
      accessToken: 'at.newer',
      tokenType: 'Bearer',
      issuedAtEpochSeconds: it.clock.nowEpochSeconds(),
      expiresAtEpochSeconds: undefined,
      refreshToken: undefined,
      scope: undefined,
    } as const
    await manager.saveSignIn({ tokenSet, requestedScope: undefined })
    expect((await manager.getAccessToken()).value).toBe('at.newer')
    expect((await other.getAccessToken()).value).toBe('at.newer')
    await manager.forget()
    await it.clock.untilSleeping()
    it.clock.advanceSeconds(1)
    await expect(other.getAccessToken({ rejectedAccessToken: 'at.newer' })).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
    })
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  'unsaved tokens: release the lock after ten minutes, so another process can refresh',
  { tags: ['C-51'] },
  async () => {
    await using it = await managedScene({ graceSeconds: 3600 })
    const { manager, other } = await unsavedAt(it)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
    })
    it.clock.advanceSeconds(600)
    await expect.poll(tokenOf(other)).toBeTypeOf('string')
    expect(it.as.isGrantAlive()).toBe(true)
  },
)

test(
  'refresh: sends nothing if the store cannot lock, and a usable token stays in use',
  { tags: ['C-51'] },
  async () => {
    await using it = await managedScene()
    const manager = await it.manager({
      maximumWaitSeconds: 0,
      store: {
        ...it.store,
        lock: async () => ({ outcome: 'unavailable', reason: 'no locks' }),
      },
    })
    await manager.getAccessToken()
    it.clock.advanceSeconds(lifetimeSeconds * 0.88)
    expect((await manager.getAccessToken()).value).toBeTypeOf('string')
    await manager.whenIdle()
    it.clock.advanceSeconds(lifetimeSeconds)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'TOKEN_STORE_UNAVAILABLE',
    })
    expect(it.as.refreshRequests()).toBe(0)
  },
)
