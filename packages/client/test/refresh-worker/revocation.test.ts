import { standardProfile } from '@evergrant/core/providers'
import { expect, test } from 'vitest'
import { createTokenManager } from '../../src/index.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import type { RefreshWorkerOptions } from '../../src/refresh-worker.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'

/** Signs the user out during a refresh. Returns the revocations that are still pending. */
async function revokeAfterRefresh(options: RefreshWorkerOptions) {
  await using it = await manyGrants()
  const { partition } = await it.signIn('user-1')
  const worker = createRefreshWorker(it.store, { clock: it.clock, random: () => 0, ...options })
  await worker.start()
  const response = Promise.withResolvers<void>()
  it.as.faults.token.push({ kind: 'slow-body', until: response.promise })
  it.as.faults.revoke.push({ kind: 'oauth-error', error: 'temporarily_unavailable' })
  it.clock.advanceSeconds(lifetimeSeconds * 0.9)
  const idle = worker.whenIdle()
  await expect.poll(() => it.as.count('token', 'refreshed')).toBe(1)

  const identity = {
    partition,
    issuer: it.as.issuer,
    resource: 'https://mcp.test/mcp',
    clientId: 'client-1',
  }
  const exchange = () => Promise.reject(new Error('not used'))
  const { store, clock } = it
  await (await createTokenManager(identity, { store, clock, exchange })).forget()
  response.resolve()
  await idle
  await worker.stop()
  expect(it.as.count('revoke')).toBe(1)
  const pending: string[] = []
  for await (const id of store.list('revocation')) pending.push(id)
  return pending
}

test(
  'refresh worker: revokes tokens of a signed-out user with the profile of `profileFor`',
  { tags: ['C-57'] },
  async () => {
    // At this product, the error is final. The standard profile tries again later.
    const profile = { ...standardProfile, grantEndedErrors: ['temporarily_unavailable'] }
    expect(await revokeAfterRefresh({ profileFor: () => profile })).toHaveLength(0)
    expect(await revokeAfterRefresh({})).toHaveLength(1)
  },
)
