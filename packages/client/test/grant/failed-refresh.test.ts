import { expect, test } from 'vitest'
import { lifetimeSeconds, managedScene, plainExchange } from '../support/managed-grant.ts'

test(
  'failed refresh: invalid_grant requires a sign-in, gives the reason, and deletes no record',
  { tags: ['C-53'] },
  async () => {
    await using it = await managedScene()
    const manager = await it.manager()
    it.as.revokeGrant()
    it.clock.advanceSeconds(lifetimeSeconds)
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      signInReason: 'grant-ended',
      oauthError: 'invalid_grant',
    })
    const grant = await manager.read()
    expect(grant?.state).toBe('needs-reauth')
    expect(grant?.tokenSet?.refreshToken).toBeDefined()
    await expect(manager.getAccessToken()).rejects.toMatchObject({ code: 'SIGN_IN_REQUIRED' })
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  'failed refresh: a refusal before expiry keeps the access token in use until it expires',
  { tags: ['C-53', 'C-05'] },
  async () => {
    await using it = await managedScene()
    const manager = await it.manager()
    const { value } = await manager.getAccessToken()
    it.as.revokeGrant()
    it.clock.advanceSeconds(lifetimeSeconds * 0.88)
    await manager.getAccessToken()
    await manager.whenIdle()
    expect((await manager.getAccessToken()).value).toBe(value)
    expect(it.events).toContainEqual(expect.objectContaining({ type: 'grant-ended' }))
    // Within the allowance for clock skew, where a token that can be refreshed is not used.
    it.clock.advanceSeconds(lifetimeSeconds * 0.119)
    expect((await manager.getAccessToken()).value).toBe(value)
    it.clock.advanceSeconds(lifetimeSeconds * 0.002)
    await expect(manager.getAccessToken()).rejects.toMatchObject({ code: 'SIGN_IN_REQUIRED' })
  },
)

test(
  'failed refresh: an unexplained refusal ends the grant only the second time',
  { tags: ['C-53'] },
  async () => {
    await using it = await managedScene()
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

test('failed refresh: invalid_client ends the registration', { tags: ['C-53'] }, async () => {
  await using it = await managedScene()
  const manager = await it.manager()
  it.as.forgetClient('client-1')
  it.clock.advanceSeconds(lifetimeSeconds)
  await expect(manager.getAccessToken()).rejects.toMatchObject({
    code: 'SIGN_IN_REQUIRED',
    signInReason: 'registration-ended',
  })
})

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
  'failed refresh: %s keeps the grant, and the waiting call succeeds when the server recovers',
  { tags: ['C-53'] },
  async (_name, fault) => {
    await using it = await managedScene()
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
  'failed refresh: Retry-After applies to every manager over the store, and the error contains it',
  { tags: ['C-53'] },
  async () => {
    await using it = await managedScene()
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
  'failed refresh: invalid_target requires one sign-in and keeps the refresh token',
  { tags: ['C-53', 'C-59'] },
  async () => {
    await using it = await managedScene()
    const manager = await it.manager()
    it.clock.advanceSeconds(lifetimeSeconds)
    it.as.faults.token.push({ kind: 'oauth-error', error: 'invalid_target' })
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      signInReason: 'refresh-refused',
      oauthError: 'invalid_target',
    })
    // A request that was refused a moment ago is not repeated for each call.
    await expect(manager.getAccessToken()).rejects.toMatchObject({
      signInReason: 'refresh-refused',
    })
    expect(it.as.refreshRequests()).toBe(1)
    it.clock.advanceSeconds(10)
    expect((await manager.getAccessToken()).value).toBeTypeOf('string')
    expect(it.as.refreshRequests()).toBe(2)
  },
)

test(
  'lost response: is requested again at once, and a server with successor grace replays it',
  { tags: ['C-52', 'C-53'] },
  async () => {
    await using it = await managedScene({ graceSeconds: 30 })
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
  'lost response: is requested again at once in the background, too, while the server has grace',
  { tags: ['C-52', 'C-53'] },
  async () => {
    await using it = await managedScene({ graceSeconds: 30 })
    const manager = await it.manager()
    const { value } = await manager.getAccessToken()
    it.clock.advanceSeconds(lifetimeSeconds * 0.88)
    it.as.faults.token.push({ kind: 'drop-after-commit' })
    expect((await manager.getAccessToken()).value).toBe(value)
    await manager.whenIdle()
    expect(it.as.refreshRequests()).toBe(2)
    // The next call comes long after the grace.
    it.clock.advanceSeconds(lifetimeSeconds * 0.05)
    expect((await manager.getAccessToken()).value).not.toBe(value)
    expect(it.as.isGrantAlive()).toBe(true)
  },
)

test(
  'lost response: at a server without grace, the sign-in error gives the cause',
  { tags: ['C-53'] },
  async () => {
    await using it = await managedScene({ graceSeconds: 0 })
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
  'lost response: a journal of a crashed process is recovered at once, even if the access token is usable',
  { tags: ['C-52'] },
  async () => {
    await using it = await managedScene({ graceSeconds: 30 })
    const exchange = plainExchange(it.as.tokenEndpoint)
    const crashing = await it.manager({
      maximumWaitSeconds: 0,
      // For the store, this process dies between the response and the save: it writes nothing
      // after the journal.
      async exchange(grant) {
        await exchange(grant)
        throw new Error('killed')
      },
    })
    const { value } = await crashing.getAccessToken()
    await expect(crashing.getAccessToken({ rejectedAccessToken: value })).rejects.toThrow('killed')
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
