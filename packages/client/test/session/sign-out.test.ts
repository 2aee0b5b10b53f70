import { standardProfile } from '@evergrant/core/providers'
import { expect, test } from 'vitest'
import { retryRevocations } from '../../src/index.ts'
import { scene } from '../support/signed-in-session.ts'

test('sign-out: revokes the grant and removes the tokens', { tags: ['C-57'] }, async () => {
  await using it = await scene()
  const session = it.session()
  await session.signIn()
  expect(await session.signOut()).toEqual({ revocation: 'revoked' })
  expect(it.as.isGrantAlive()).toBe(false)
  expect(await session.status()).toMatchObject({ state: 'signed-out' })
  await expect(session.getAccessToken()).rejects.toMatchObject({ signInReason: 'signed-out' })
})

test(
  'sign-out: revokes the tokens that another process obtains at the same time',
  { tags: ['C-57'] },
  async () => {
    await using it = await scene()
    await it.session().signIn()
    const answer = Promise.withResolvers<void>()
    const refreshing = it.session()
    it.clock.advanceSeconds(1000)
    it.as.faults.token.push({ kind: 'slow-body', until: answer.promise })
    const refreshed = refreshing.getAccessToken()
    refreshed.catch(() => undefined)
    await expect.poll(() => it.as.count('token', 'refreshed')).toBe(1)

    await it.session().signOut()
    const revokedBefore = it.as.count('revoke')
    answer.resolve()
    await expect(refreshed).rejects.toMatchObject({ signInReason: 'signed-out' })
    expect(it.as.count('revoke')).toBe(revokedBefore + 1)
    expect(it.as.isGrantAlive()).toBe(false)
  },
)

test(
  'sign-out: removes the tokens at once and revokes them later if the server does not answer',
  { tags: ['C-57'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    it.as.faults.revoke.push({ kind: 'reset' }, { kind: 'status', status: 503 })
    expect(await session.signOut()).toEqual({ revocation: 'pending' })
    expect(await session.status()).toMatchObject({ state: 'signed-out' })
    expect(it.as.isGrantAlive()).toBe(true)
    expect(await retryRevocations(it.store, { clock: it.clock })).toEqual({
      settled: 0,
      pending: 1,
    })
    expect(await retryRevocations(it.store, { clock: it.clock })).toEqual({
      settled: 1,
      pending: 0,
    })
    expect(it.as.isGrantAlive()).toBe(false)
  },
)

test.each([
  ['a captive portal', { kind: 'html', status: 403 }],
  ['a proxy that does not know the path', { kind: 'status', status: 404 }],
  ['a redirect', { kind: 'redirect', location: '/login' }],
] as const)(
  'sign-out: %s is not a refusal, so the revocation is repeated',
  { tags: ['C-57'] },
  async (_, fault) => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    it.as.faults.revoke.push(fault)
    expect(await session.signOut()).toEqual({ revocation: 'pending' })
    expect(await retryRevocations(it.store, { clock: it.clock })).toEqual({
      settled: 1,
      pending: 0,
    })
    expect(it.as.isGrantAlive()).toBe(false)
  },
)

test(
  'sign-out: a revocation that the server refuses is not repeated',
  { tags: ['C-57'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    it.as.faults.revoke.push({ kind: 'oauth-error', error: 'unsupported_token_type' })
    expect(await session.signOut()).toEqual({ revocation: 'refused' })
    expect(await retryRevocations(it.store, { clock: it.clock })).toEqual({
      settled: 0,
      pending: 0,
    })
  },
)

test(
  'sign-out: the revocation uses the profile of the session, and so do retries',
  { tags: ['C-57'] },
  async () => {
    await using it = await scene()
    // At this product, the error says that the token is invalid. The standard profile would retry.
    const profile = { ...standardProfile, grantEndedErrors: ['temporarily_unavailable'] }
    const final = { kind: 'oauth-error', error: 'temporarily_unavailable' } as const

    const configured = it.session({ preferences: { profile } })
    await configured.signIn()
    it.as.faults.revoke.push(final)
    expect(await configured.signOut()).toEqual({ revocation: 'refused' })

    const standard = it.session()
    await standard.signIn()
    it.as.faults.revoke.push(final)
    expect(await standard.signOut()).toEqual({ revocation: 'pending' })
    it.as.faults.revoke.push(final)
    expect(
      await retryRevocations(it.store, { clock: it.clock, profileFor: () => profile }),
    ).toEqual({ settled: 1, pending: 0 })
    expect(it.as.isGrantAlive()).toBe(true)
  },
)
