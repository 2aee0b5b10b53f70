import { startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import type { RecordStore, TokenManager, TokenManagerOptions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { signedInGrant } from '../support/managed-grant.ts'

const lifetimeSeconds = 1000

async function scene(options: Parameters<typeof startScriptedAuthorizationServer>[0] = {}) {
  const clock = virtualClock()
  const as = await startScriptedAuthorizationServer({
    accessTokenLifetimeSeconds: lifetimeSeconds,
    clients: [{ clientId: 'client-1' }],
    ...options,
  })
  const store = memoryStore()
  const grant = await signedInGrant(as, store, clock)
  return {
    clock,
    as,
    store,
    ...grant,
    [Symbol.asyncDispose]: () => as.close(),
  }
}

/** Two managers over one store, which fails the first one between its request and its save. */
async function unsavedAt(
  it: Awaited<ReturnType<typeof scene>>,
  ageSeconds: number = lifetimeSeconds,
  options: Partial<TokenManagerOptions> = {},
) {
  let broken = false
  const store: RecordStore = {
    ...it.store,
    write: (...args) => (broken ? Promise.reject(new Error('ENOSPC')) : it.store.write(...args)),
  }
  const manager = await it.manager({
    ...options,
    store,
    maximumWaitSeconds: 0,
    clock: {
      nowEpochSeconds: () => it.clock.nowEpochSeconds(),
      // The pauses within one attempt to save pass at once; those between attempts take time.
      sleep: async (milliseconds) => {
        if (milliseconds === 1000) await it.clock.sleep(milliseconds)
      },
    },
    atStep: (step) => {
      if (step === 'answered') broken = true
    },
  })
  const other = await it.manager({ maximumWaitSeconds: 0, lockWaitMilliseconds: 20 })
  await manager.getAccessToken()
  it.clock.advanceSeconds(ageSeconds)
  return {
    manager,
    other,
    repair: () => {
      broken = false
    },
  }
}

/** What a manager hands out now; `undefined` where it cannot. */
function tokenOf(manager: TokenManager): () => Promise<string | undefined> {
  return () =>
    manager.getAccessToken().then(
      ({ value }) => value,
      () => undefined,
    )
}

describe('one refresh for each expiry', () => {
  test.each([1, 10, 50, 500])(
    '%i concurrent callers cause one token request',
    { tags: ['C-51'] },
    async (callers) => {
      await using it = await scene()
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
    'managers that share a store refresh once between them, and adopt what the first one stored',
    { tags: ['C-51', 'C-52'] },
    async () => {
      await using it = await scene()
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
    'a good token comes from memory, without touching the store',
    { tags: ['C-55'] },
    async () => {
      await using it = await scene()
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
    'a token that was fresh a moment ago is looked at anew when the clock goes back or comes near its end',
    { tags: ['C-55'] },
    async () => {
      await using it = await scene()
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
    'near its end the token is still handed out while one refresh runs in the background',
    { tags: ['C-55', 'C-51'] },
    async () => {
      await using it = await scene()
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
})

describe('a rejected token', () => {
  test('is not refreshed when the store already holds another', { tags: ['C-54'] }, async () => {
    await using it = await scene()
    const [one, other] = await Promise.all([it.manager(), it.manager()])
    const old = await one.getAccessToken()
    await other.getAccessToken()
    const renewed = await one.getAccessToken({ rejectedAccessToken: old.value })
    expect(it.as.refreshRequests()).toBe(1)
    const adopted = await other.getAccessToken({ rejectedAccessToken: old.value })
    expect(adopted.value).toBe(renewed.value)
    expect(it.as.refreshRequests()).toBe(1)
  })

  test(
    'is refreshed when the only other token in the store has expired',
    { tags: ['C-54'] },
    async () => {
      await using it = await scene()
      const manager = await it.manager()
      it.clock.advanceSeconds(lifetimeSeconds)
      const { value } = await manager.getAccessToken({ rejectedAccessToken: 'an even older token' })
      expect(it.as.refreshRequests()).toBe(1)
      expect((await manager.getAccessToken()).value).toBe(value)
    },
  )

  test(
    'rejected by fifty callers at once, it is refreshed once',
    { tags: ['C-54', 'C-51'] },
    async () => {
      await using it = await scene()
      const manager = await it.manager()
      const { value } = await manager.getAccessToken()
      await Promise.all(
        Array.from({ length: 50 }, () => manager.getAccessToken({ rejectedAccessToken: value })),
      )
      expect(it.as.refreshRequests()).toBe(1)
    },
  )
})

describe('failures are told apart', () => {
  test(
    'invalid_grant asks for a sign-in, says why, and deletes nothing',
    { tags: ['C-53'] },
    async () => {
      await using it = await scene()
      const manager = await it.manager()
      it.as.revokeGrant()
      it.clock.advanceSeconds(lifetimeSeconds)
      await expect(manager.getAccessToken()).rejects.toMatchObject({
        code: 'SIGN_IN_REQUIRED',
        signInReason: 'grant-ended',
        oauthError: 'invalid_grant',
      })
      const grant = await manager.read()
      expect(grant?.state).toBe('ended')
      expect(grant?.tokenSet?.refreshToken).toBeDefined()
      await expect(manager.getAccessToken()).rejects.toMatchObject({ code: 'SIGN_IN_REQUIRED' })
      expect(it.as.refreshRequests()).toBe(1)
    },
  )

  test(
    'a refusal seen before expiry leaves the last access token in use until it expires',
    { tags: ['C-53', 'C-05'] },
    async () => {
      await using it = await scene()
      const manager = await it.manager()
      const { value } = await manager.getAccessToken()
      it.as.revokeGrant()
      it.clock.advanceSeconds(lifetimeSeconds * 0.88)
      await manager.getAccessToken()
      await manager.whenIdle()
      expect((await manager.getAccessToken()).value).toBe(value)
      expect(it.events).toContainEqual(expect.objectContaining({ type: 'grant-ended' }))
      it.clock.advanceSeconds(lifetimeSeconds)
      await expect(manager.getAccessToken()).rejects.toMatchObject({ code: 'SIGN_IN_REQUIRED' })
    },
  )

  test(
    'a refusal without a word is believed when it comes again, and not before',
    { tags: ['C-53'] },
    async () => {
      await using it = await scene()
      const manager = await it.manager()
      it.clock.advanceSeconds(lifetimeSeconds)
      it.as.faults.token.push({ kind: 'empty-400' })
      const call = manager.getAccessToken()
      await it.clock.untilSleeping()
      it.clock.advanceSeconds(10)
      expect((await call).value).toBeTypeOf('string')
      expect(it.as.isGrantAlive()).toBe(true)

      it.clock.advanceSeconds(lifetimeSeconds)
      it.as.faults.token.push({ kind: 'empty-400' }, { kind: 'empty-400' })
      const refused = manager.getAccessToken()
      refused.catch(() => undefined)
      await it.clock.untilSleeping()
      it.clock.advanceSeconds(10)
      await expect(refused).rejects.toMatchObject({
        code: 'SIGN_IN_REQUIRED',
        signInReason: 'grant-ended',
      })
    },
  )

  test(
    'a forgotten client ends the registration, not silently the grant',
    { tags: ['C-53'] },
    async () => {
      await using it = await scene()
      const manager = await it.manager()
      it.as.forgetClient('client-1')
      it.clock.advanceSeconds(lifetimeSeconds)
      await expect(manager.getAccessToken()).rejects.toMatchObject({
        code: 'SIGN_IN_REQUIRED',
        signInReason: 'registration-ended',
      })
    },
  )

  const transientFaults = [
    ['503', { kind: 'status', status: 503 }],
    ['500 with HTML', { kind: 'html', status: 500 }],
    ['200 with HTML', { kind: 'html' }],
    ['429', { kind: 'status', status: 429 }],
    ['408', { kind: 'status', status: 408 }],
    ['425', { kind: 'status', status: 425 }],
    ['temporarily_unavailable', { kind: 'oauth-error', error: 'temporarily_unavailable' }],
    ['a reset', { kind: 'reset' }],
    ['a dropped connection', { kind: 'drop-before-commit' }],
    ['a redirect', { kind: 'redirect', location: 'https://elsewhere.test/' }],
  ] as const

  test.each(transientFaults)(
    '%s keeps the grant; the waiting call is answered as soon as the server recovers',
    { tags: ['C-53'] },
    async (_name, fault) => {
      await using it = await scene()
      const manager = await it.manager()
      it.clock.advanceSeconds(lifetimeSeconds)
      it.as.faults.token.push(fault)
      const call = manager.getAccessToken()
      await it.clock.untilSleeping()
      it.clock.advanceSeconds(10)
      expect((await call).value).toBeTypeOf('string')
      expect(it.as.refreshRequests()).toBe(2)
      expect(it.as.isGrantAlive()).toBe(true)
      expect((await manager.read())?.pending).toBeUndefined()
    },
  )

  test(
    'Retry-After holds for every manager over the store, and a caller hears how long',
    { tags: ['C-53'] },
    async () => {
      await using it = await scene()
      const [one, other] = await Promise.all([it.manager(), it.manager()])
      it.clock.advanceSeconds(lifetimeSeconds)
      it.as.faults.token.push({ kind: 'status', status: 503, headers: { 'retry-after': '120' } })
      await expect(one.getAccessToken()).rejects.toMatchObject({
        code: 'TEMPORARILY_UNAVAILABLE',
        retryAfterSeconds: 120,
      })
      await expect(other.getAccessToken()).rejects.toMatchObject({
        code: 'TEMPORARILY_UNAVAILABLE',
      })
      expect(it.as.refreshRequests()).toBe(1)
      it.clock.advanceSeconds(121)
      expect((await other.getAccessToken()).value).toBeTypeOf('string')
      expect(it.as.refreshRequests()).toBe(2)
    },
  )

  test(
    'a wrong request is reported as such and costs nobody a sign-in',
    { tags: ['C-53'] },
    async () => {
      await using it = await scene()
      const manager = await it.manager()
      it.clock.advanceSeconds(lifetimeSeconds)
      it.as.faults.token.push({ kind: 'oauth-error', error: 'invalid_target' })
      await expect(manager.getAccessToken()).rejects.toMatchObject({
        code: 'TOKEN_REQUEST_REFUSED',
        oauthError: 'invalid_target',
      })
      // What was refused a moment ago is not asked again for each call.
      await expect(manager.getAccessToken()).rejects.toMatchObject({
        code: 'TOKEN_REQUEST_REFUSED',
      })
      expect(it.as.refreshRequests()).toBe(1)
      it.clock.advanceSeconds(10)
      expect((await manager.getAccessToken()).value).toBeTypeOf('string')
      expect(it.as.refreshRequests()).toBe(2)
    },
  )
})

describe('a lost answer', () => {
  test(
    'is asked for again at once, and a server with successor grace replays it',
    { tags: ['C-52', 'C-53'] },
    async () => {
      await using it = await scene({ graceSeconds: 30 })
      const manager = await it.manager()
      it.clock.advanceSeconds(lifetimeSeconds)
      it.as.faults.token.push({ kind: 'drop-after-commit' })
      const call = manager.getAccessToken()
      await it.clock.untilSleeping()
      it.clock.advanceSeconds(0.05)
      expect((await call).value).toBeTypeOf('string')
      expect(it.as.refreshRequests()).toBe(2)
      expect(it.as.isGrantAlive()).toBe(true)
      expect(it.events).toContainEqual(
        expect.objectContaining({ type: 'refresh-recovering', attempts: 1 }),
      )
    },
  )

  test(
    'at a server without grace ends the grant, and the error names the cause',
    { tags: ['C-53'] },
    async () => {
      await using it = await scene({ graceSeconds: 0 })
      const manager = await it.manager()
      it.clock.advanceSeconds(lifetimeSeconds)
      it.as.faults.token.push({ kind: 'drop-after-commit' })
      const refusal = manager.getAccessToken().catch((error: unknown) => error)
      await it.clock.untilSleeping()
      it.clock.advanceSeconds(0.05)
      expect(await refusal).toMatchObject({
        code: 'SIGN_IN_REQUIRED',
        signInReason: 'lost-response',
      })
    },
  )

  test(
    'left in the journal by a crash, it is asked for again at once although the access token is good',
    { tags: ['C-52'] },
    async () => {
      await using it = await scene({ graceSeconds: 30 })
      const crashing = await it.manager({
        maximumWaitSeconds: 0,
        // The process dies between the answer and the save, seen from the store: nothing after the
        // journal is ever written.
        atStep: (step) => {
          if (step === 'answered') throw new Error('killed')
        },
      })
      const { value } = await crashing.getAccessToken()
      await expect(crashing.getAccessToken({ rejectedAccessToken: value })).rejects.toThrow(
        'killed',
      )
      expect((await crashing.read())?.pending).toBeDefined()

      const next = await it.manager()
      await next.getAccessToken()
      await next.whenIdle()
      expect(it.as.refreshRequests()).toBe(2)
      expect(it.as.isGrantAlive()).toBe(true)
      const after = await next.read()
      expect(after?.pending).toBeUndefined()
      expect(after?.tokenSet?.accessToken).not.toBe(value)
      expect(it.as.liveRefreshTokens()).toContain(after?.tokenSet?.refreshToken)
    },
  )
})

describe('a store in trouble', () => {
  test('that cannot be written spends no refresh token', { tags: ['C-52'] }, async () => {
    await using it = await scene()
    const manager = await it.manager({
      store: { ...it.store, write: () => Promise.reject(new Error('ENOSPC')) },
      maximumWaitSeconds: 0,
    })
    it.clock.advanceSeconds(lifetimeSeconds)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
    })
    expect(it.as.refreshRequests()).toBe(0)
  })

  test(
    'that fails between request and save keeps the tokens, saves them with the next call, and hands none out before',
    { tags: ['C-52'] },
    async () => {
      await using it = await scene()
      let broken = false
      const manager = await it.manager({
        maximumWaitSeconds: 0,
        store: {
          ...it.store,
          write: (...args) => (broken ? Promise.reject(new Error('EIO')) : it.store.write(...args)),
        },
        clock: {
          nowEpochSeconds: () => it.clock.nowEpochSeconds(),
          sleep: () => Promise.resolve(),
        },
        atStep: (step) => {
          if (step === 'answered') broken = true
        },
      })
      it.clock.advanceSeconds(lifetimeSeconds)
      await expect(manager.getAccessToken()).rejects.toMatchObject({
        code: 'TOKEN_STORE_WRITE_FAILED',
      })
      await expect(manager.getAccessToken()).rejects.toMatchObject({
        code: 'TOKEN_STORE_WRITE_FAILED',
      })
      broken = false
      const { value } = await manager.getAccessToken()
      expect(it.as.refreshRequests()).toBe(1)
      expect((await manager.read())?.tokenSet?.accessToken).toBe(value)
    },
  )

  test(
    'that fails between request and save keeps the lock until it is saved: no other presents the spent token',
    { tags: ['C-51', 'C-52', 'C-53'] },
    async () => {
      await using it = await scene()
      const { manager, other, repair } = await unsavedAt(it)
      await expect(manager.getAccessToken()).rejects.toMatchObject({
        code: 'TOKEN_STORE_WRITE_FAILED',
      })
      await expect(other.getAccessToken()).rejects.toMatchObject({
        code: 'TEMPORARILY_UNAVAILABLE',
      })
      repair()
      // Nobody asks the one that has the tokens; it saves them by itself.
      await it.clock.untilSleeping()
      it.clock.advanceSeconds(1)
      await expect.poll(async () => (await manager.read())?.pending).toBeUndefined()
      expect(await tokenOf(other)()).toBe((await manager.read())?.tokenSet?.accessToken)
      expect(it.as.refreshRequests()).toBe(1)
      expect(it.as.isGrantAlive()).toBe(true)
    },
  )

  test(
    'that fails between request and save leaves the token that is still good in use',
    { tags: ['C-52', 'C-55'] },
    async () => {
      await using it = await scene()
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
    'that recovers before the process ends loses nothing: whenIdle() saves what is unsaved',
    { tags: ['C-52'] },
    async () => {
      await using it = await scene()
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

  test(
    'that fails between request and save has the tokens revoked by a sign-out',
    { tags: ['C-57'] },
    async () => {
      await using it = await scene()
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
    },
  )

  test('that fails once does not cost the tokens of a sign-in', { tags: ['C-52'] }, async () => {
    await using it = await scene()
    let failures = 3
    const manager = await it.manager({
      store: {
        ...it.store,
        write: (...args) =>
          (failures -= 1) >= 0 ? Promise.reject(new Error('EBUSY')) : it.store.write(...args),
      },
    })
    const signingIn = manager.adopt({
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
    'that fails between request and save is waited for no longer after a sign-in or a sign-out',
    { tags: ['C-51', 'C-52'] },
    async () => {
      await using it = await scene()
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
      await manager.adopt({ tokenSet, requestedScope: undefined })
      expect((await manager.getAccessToken()).value).toBe('at.newer')
      expect((await other.getAccessToken()).value).toBe('at.newer')
      await manager.forget()
      await it.clock.untilSleeping()
      it.clock.advanceSeconds(1)
      await expect(other.getAccessToken({ rejectedAccessToken: 'at.newer' })).rejects.toMatchObject(
        { code: 'SIGN_IN_REQUIRED' },
      )
      expect(it.as.refreshRequests()).toBe(1)
    },
  )

  test(
    'that stays unwritable for ten minutes gives the lock back: another process may do better',
    { tags: ['C-51'] },
    async () => {
      await using it = await scene({ graceSeconds: 3600 })
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
    'that cannot lock sends nothing, and the good token stays in use',
    { tags: ['C-51'] },
    async () => {
      await using it = await scene()
      const manager = await it.manager({
        maximumWaitSeconds: 0,
        store: {
          ...it.store,
          lock: async () => ({ outcome: 'unavailable', reason: 'no locks here' }),
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
})

test(
  'an aborting caller stops waiting; the refresh goes on for the others',
  { tags: ['C-51'] },
  async () => {
    await using it = await scene()
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
  'with no refresh token the access token is used to its end, and the error says why',
  { tags: ['C-05'] },
  async () => {
    await using it = await scene({ issueRefreshTokens: 'never' })
    const manager = await it.manager()
    it.clock.advanceSeconds(lifetimeSeconds * 0.88)
    expect((await manager.getAccessToken()).value).toBeTypeOf('string')
    it.clock.advanceSeconds(lifetimeSeconds)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      signInReason: 'no-refresh-token',
    })
    expect(it.as.count('token')).toBe(0)
  },
)

test(
  'a refresh token that does not come is kept, and a narrower scope is reported',
  { tags: ['C-50', 'C-56'] },
  async () => {
    await using it = await scene({ rotation: 'static' })
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

test('nothing an observer hears contains a token', { tags: ['C-06'] }, async () => {
  await using it = await scene()
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
