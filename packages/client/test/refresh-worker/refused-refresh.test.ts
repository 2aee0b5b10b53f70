import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { scene } from '../support/signed-in-session.ts'

const refusal = { kind: 'oauth-error', error: 'invalid_request' } as const

test(
  'refresh worker: records a refusal for the sessions, which use the token and then sign in once',
  { tags: ['C-55', 'C-59'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    const { value } = await session.getAccessToken()
    it.as.faults.token.push(refusal)
    const worker = createRefreshWorker(it.store, { clock: it.clock, random: () => 0 })
    await worker.start()
    it.clock.advanceSeconds(890)
    await worker.whenIdle()
    expect(it.as.refreshRequests()).toBe(1)
    // Another process sees the refusal and asks for nothing, because the token is valid.
    const other = it.session()
    expect(await other.status()).toMatchObject({
      state: 'active',
      refusal: { oauthError: 'invalid_request', detail: expect.stringContaining('refused') },
    })
    expect((await other.getAccessToken()).value).toBe(value)
    await other.whenIdle()
    expect(it.as.refreshRequests()).toBe(1)

    it.as.faults.token.push(refusal)
    it.clock.advanceSeconds(200)
    const responses = await Promise.all(
      [session, other].map((one) => authorizedFetch(one)(it.server.resource)),
    )
    expect(responses.map(({ status }) => status)).toEqual([200, 200])
    expect(it.signIns()).toBe(2)
    await worker.stop()
  },
)

test(
  'refresh worker: tries a refused grant again, so a corrected configuration needs no sign-in',
  { tags: ['C-53', 'C-59'] },
  async () => {
    await using it = await scene()
    await it.session().signIn()
    it.as.faults.token.push(refusal)
    const worker = createRefreshWorker(it.store, { clock: it.clock, random: () => 0 })
    await worker.start()
    it.clock.advanceSeconds(890)
    await worker.whenIdle()
    it.clock.advanceSeconds(3600)
    await worker.whenIdle()
    expect(it.as.count('token', 'refreshed')).toBe(1)
    const status = await it.session().status()
    expect(status.state).toBe('active')
    expect(status).not.toHaveProperty('refusal')
    await worker.stop()
  },
)
