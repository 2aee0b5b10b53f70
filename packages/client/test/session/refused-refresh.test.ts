import type { Fault } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

const lifetimeSeconds = 1000

function answer(status: number, body: string, type = 'application/json'): Fault {
  return { kind: 'status', status, body, headers: { 'content-type': type } }
}

/** Sends one call while the token endpoint answers the refresh with this. */
async function callRefusedWith(it: Scene, fault: Fault): Promise<unknown> {
  it.clock.advanceSeconds(lifetimeSeconds)
  // The first request is the refresh. The second one is the code exchange.
  it.as.faults.token.push(fault)
  return await authorizedFetch(it.session())(it.server.resource).catch((error: unknown) => error)
}

test.each<[string, Fault, string]>([
  [
    '400 invalid_request',
    answer(400, '{"error":"invalid_request","error_description":"refresh token is invalid"}'),
    '"invalid_request": "refresh token is invalid"',
  ],
  ['401 TOKEN_EXPIRED', answer(401, '{"error":"TOKEN_EXPIRED"}'), '"TOKEN_EXPIRED"'],
  [
    '200 with an error, as Slack sends it',
    answer(200, '{"ok":false,"error":"invalid_refresh_token"}'),
    '"invalid_refresh_token"',
  ],
  [
    '400 with a nested error',
    answer(400, '{"error":{"code":"EXPIRED","message":"Refresh token expired"}}'),
    '"EXPIRED": "Refresh token expired"',
  ],
  [
    '403 as Okta sends it',
    answer(403, '{"errorCode":"E0000011","errorSummary":"Invalid token provided"}'),
    '"E0000011": "Invalid token provided"',
  ],
  [
    '401 with Problem Details',
    answer(401, '{"title":"Session over","status":401}', 'application/problem+json'),
    '"Session over"',
  ],
  [
    '400 with text',
    answer(400, 'The refresh token has expired', 'text/plain'),
    '"The refresh token',
  ],
  ['401 without a body', { kind: 'status', status: 401 }, 'status 401 and no OAuth error'],
  [
    '200 with a form-encoded error',
    answer(200, 'error=bad_refresh_token', 'application/x-www-form-urlencoded'),
    '"bad_refresh_token"',
  ],
])(
  'refused refresh: %s leads to one sign-in, and the second time to an error with these words',
  { tags: ['C-59'] },
  async (_name, fault, words) => {
    await using it = await scene()
    await authorizedFetch(it.session())(it.server.resource)
    expect(await callRefusedWith(it, fault)).toMatchObject({ status: 200 })
    expect(it.signIns()).toBe(2)
    for (let call = 0; call < 3; call += 1) {
      expect(await callRefusedWith(it, fault)).toMatchObject({
        code: 'TOKEN_REQUEST_REFUSED',
        message: expect.stringContaining(words),
      })
    }
    expect(it.signIns()).toBe(2)
  },
)

test(
  'refused refresh: the same refusal long after the sign-in is a new one, and leads to one sign-in',
  { tags: ['C-59'] },
  async () => {
    const dead = answer(400, '{"error":"invalid_request","error_description":"token is invalid"}')
    const refused = { code: 'TOKEN_REQUEST_REFUSED' }
    await using it = await scene()
    await it.session().signIn()
    for (let months = 1; months <= 4; months += 1) {
      it.clock.advanceSeconds(60 * 86_400)
      expect(await callRefusedWith(it, dead)).toMatchObject({ status: 200 })
      expect(it.signIns()).toBe(1 + months)
      expect(await callRefusedWith(it, dead)).toMatchObject(refused)
      expect(it.signIns()).toBe(1 + months)
    }
  },
)

test(
  'refused refresh: a successful refresh after the sign-in makes the next refusal a new one',
  { tags: ['C-59'] },
  async () => {
    await using it = await scene()
    await authorizedFetch(it.session())(it.server.resource)
    const refusal = answer(400, '{"error":"invalid_request"}')
    expect(await callRefusedWith(it, refusal)).toMatchObject({ status: 200 })
    it.clock.advanceSeconds(lifetimeSeconds)
    await it.session().getAccessToken()
    expect(await callRefusedWith(it, refusal)).toMatchObject({ status: 200 })
    expect(it.signIns()).toBe(3)
  },
)

test(
  'refused refresh: changing refusals without a success in between end in an error, too',
  { tags: ['C-59'] },
  async () => {
    await using it = await scene()
    await authorizedFetch(it.session())(it.server.resource)
    for (const error of ['request_1', 'request_2']) {
      const refusal = answer(400, JSON.stringify({ error }))
      expect(await callRefusedWith(it, refusal)).toMatchObject({ status: 200 })
    }
    expect(await callRefusedWith(it, answer(400, '{"error":"request_3"}'))).toMatchObject({
      code: 'TOKEN_REQUEST_REFUSED',
    })
    expect(it.signIns()).toBe(3)
  },
)

test(
  'refused refresh: while the access token is valid it is used, and no sign-in is required',
  { tags: ['C-59'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    const { value } = await session.getAccessToken()
    it.clock.advanceSeconds(lifetimeSeconds * 0.88)
    it.as.faults.token.push(answer(400, '{"error":"invalid_request"}'))
    await session.getAccessToken()
    await session.whenIdle()
    expect((await session.getAccessToken()).value).toBe(value)
    expect(await session.status()).toMatchObject({
      state: 'active',
      refusal: { oauthError: 'invalid_request' },
    })
    expect(it.signIns()).toBe(1)
  },
)

test(
  'refused refresh: concurrent calls of several sessions over one store share one sign-in',
  { tags: ['C-51', 'C-59'] },
  async () => {
    await using it = await scene()
    const sessions = Array.from({ length: 5 }, () => it.session())
    await sessions[0]?.signIn()
    it.clock.advanceSeconds(lifetimeSeconds)
    it.as.faults.token.push(answer(400, '{"error":"invalid_request"}'))
    const fetches = sessions.map((session) => authorizedFetch(session))
    const responses = await Promise.all(
      fetches.flatMap((fetch) => Array.from({ length: 4 }, () => fetch(it.server.resource))),
    )
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(it.signIns()).toBe(2)
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  'refused refresh: a client registered by hand signs in once after unauthorized_client',
  { tags: ['C-59'] },
  async () => {
    await using it = await scene({ as: { clients: [{ clientId: 'by-hand' }] } })
    const client = {
      name: 'test client',
      preRegistered: { [it.as.issuer]: { clientId: 'by-hand' } },
    }
    const call = async () => await authorizedFetch(it.session({ client }))(it.server.resource)
    await call()
    const refusal = answer(400, '{"error":"unauthorized_client"}')
    it.clock.advanceSeconds(lifetimeSeconds)
    it.as.faults.token.push(refusal)
    expect(await call()).toMatchObject({ status: 200 })
    it.clock.advanceSeconds(lifetimeSeconds)
    it.as.faults.token.push(refusal)
    await expect(call()).rejects.toMatchObject({
      code: 'TOKEN_REQUEST_REFUSED',
      oauthError: 'unauthorized_client',
    })
    expect(it.signIns()).toBe(2)
  },
)

test(
  'refused refresh: unauthorized_client for a new registration does not register again and again',
  { tags: ['C-59'] },
  async () => {
    await using it = await scene()
    await authorizedFetch(it.session())(it.server.resource)
    const refusal = answer(400, '{"error":"unauthorized_client"}')
    expect(await callRefusedWith(it, refusal)).toMatchObject({ status: 200 })
    expect(await callRefusedWith(it, refusal)).toMatchObject({ code: 'TOKEN_REQUEST_REFUSED' })
    expect(it.signIns()).toBe(2)
    expect(it.as.count('register')).toBe(2)
  },
)

const formTokens = 'access_token=secret-access-token&token_type=bearer'

test(
  'unreadable refresh: a form-encoded success keeps the journal and the error names the content type',
  { tags: ['C-52', 'C-59'] },
  async () => {
    await using it = await scene()
    const session = it.session({ refresh: { maximumWaitSeconds: 0 } })
    await session.signIn()
    it.clock.advanceSeconds(lifetimeSeconds)
    it.as.faults.token.push({
      ...answer(200, formTokens, 'application/x-www-form-urlencoded'),
      afterCommit: true,
    } as Fault)
    const error: unknown = await session.getAccessToken().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      message: expect.stringContaining('"application/x-www-form-urlencoded"'),
    })
    expect(String(error)).not.toContain('secret-access-token')
    // The journal makes the next attempt a recovery.
    await session.whenIdle()
    expect(it.events).toContainEqual(
      expect.objectContaining({ type: 'refresh-recovering', attempts: 1 }),
    )
    // The token was spent, and the server has no grace.
    await expect(session.getAccessToken()).rejects.toMatchObject({
      signInReason: 'lost-response',
      message: expect.stringContaining('"application/x-www-form-urlencoded"'),
    })
  },
)

test(
  'unreadable refresh: a server that always answers so leads to one sign-in',
  { tags: ['C-59'] },
  async () => {
    await using it = await scene()
    const session = it.session({ refresh: { maximumWaitSeconds: 0 } })
    await session.signIn()
    it.clock.advanceSeconds(lifetimeSeconds)
    const unreadable = answer(200, '{"code":0,"data":{}}')
    it.as.faults.token.push(...Array.from({ length: 9 }, () => unreadable))
    await expect(session.getAccessToken()).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })
    await session.whenIdle()
    await expect(session.getAccessToken()).rejects.toMatchObject({
      signInReason: 'refresh-refused',
      message: expect.stringContaining('has no access_token'),
    })
    expect(await session.status()).toMatchObject({ refreshPending: true })
  },
)
