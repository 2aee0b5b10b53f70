import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { scene } from '../support/signed-in-session.ts'

test(
  '401: a token that is rejected before expiry is refreshed without a sign-in',
  { tags: ['C-54'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    const fetch = authorizedFetch(session)
    await fetch(it.server.resource)
    it.server.rejectToken((await session.getAccessToken()).value)
    expect((await fetch(it.server.resource)).status).toBe(200)
    expect(it.signIns()).toBe(1)
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test('401: callers that notice an ended grant share one sign-in', { tags: ['C-53'] }, async () => {
  await using it = await scene()
  const fetches = [authorizedFetch(it.session()), authorizedFetch(it.session())]
  await fetches[0]?.(it.server.resource)
  it.as.revokeGrant()
  it.clock.advanceSeconds(1000)
  const responses = await Promise.all(
    fetches.flatMap((fetch) => Array.from({ length: 8 }, () => fetch(it.server.resource))),
  )
  expect(responses.map((response) => response.status)).toEqual(Array(16).fill(200))
  expect(it.signIns()).toBe(2)
})

test(
  '401: a resource that rejects every token is reported after one sign-in',
  { tags: ['C-54'] },
  async () => {
    await using it = await scene()
    const fetch = authorizedFetch(it.session())
    it.server.faults.resource.push(
      ...Array.from({ length: 9 }, () => ({ kind: 'status', status: 401 }) as const),
    )
    await expect(fetch(it.server.resource)).rejects.toMatchObject({ code: 'RESOURCE_REFUSED' })
    expect(it.signIns()).toBe(1)
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  '401: a token with the issuer of another server is sent to the resource only',
  { tags: ['C-39', 'C-54'] },
  async () => {
    await using it = await scene()
    await using other = await startScriptedAuthorizationServer({ clock: it.clock })
    const foreign: string[] = []
    for (let issued = 0; issued < 2; issued += 1) {
      const token = await other.signAccessToken({
        scope: 'mcp:read',
        resource: it.server.resource,
      })
      foreign.push(token)
      it.as.faults.token.push({
        kind: 'merge',
        fields: { access_token: token, iss: other.issuer },
      })
    }
    await expect(authorizedFetch(it.session())(it.server.resource)).rejects.toMatchObject({
      code: 'RESOURCE_REFUSED',
    })
    const shown = it.server.requests.flatMap(({ headers }) => headers.authorization ?? [])
    expect(shown).toEqual(foreign.map((token) => `Bearer ${token}`))
    expect(it.signIns()).toBe(1)
    expect(it.as.refreshRequests()).toBe(1)
    expect(other.requests).toEqual([])
  },
)

test.each([500, 502, 504])(
  'refresh: a %i may follow a rotation, so it is repeated at once, and explained if that is too late',
  { tags: ['C-52', 'C-53'] },
  async (status) => {
    const lost = { kind: 'status', status, afterCommit: true } as const
    await using forgiving = await scene({ as: { graceSeconds: 60 } })
    const kept = forgiving.session()
    await kept.signIn()
    forgiving.clock.advanceSeconds(1000)
    forgiving.as.faults.token.push(lost)
    const call = kept.getAccessToken()
    await forgiving.clock.untilSleeping()
    forgiving.clock.advanceSeconds(1)
    expect((await call).value).toBeTypeOf('string')

    await using strict = await scene({ as: { graceSeconds: 0 } })
    const session = strict.session()
    await session.signIn()
    strict.clock.advanceSeconds(1000)
    strict.as.faults.token.push(lost)
    const refused = session.getAccessToken()
    refused.catch(() => undefined)
    await strict.clock.untilSleeping()
    strict.clock.advanceSeconds(1)
    await expect(refused).rejects.toMatchObject({ signInReason: 'lost-response' })
  },
)

test('refresh: a 503 of the token endpoint opens no sign-in', { tags: ['C-53'] }, async () => {
  await using it = await scene()
  const fetch = authorizedFetch(it.session({ refresh: { maximumWaitSeconds: 0 } }))
  await fetch(it.server.resource)
  it.clock.advanceSeconds(1000)
  it.as.faults.token.push({ kind: 'status', status: 503 })
  await expect(fetch(it.server.resource)).rejects.toMatchObject({
    code: 'TEMPORARILY_UNAVAILABLE',
  })
  it.clock.advanceSeconds(10)
  expect((await fetch(it.server.resource)).status).toBe(200)
  expect(it.signIns()).toBe(1)
})

test('session: the token is sent to its MCP server only', { tags: ['C-39'] }, async () => {
  await using it = await scene()
  await using other = await scene()
  const fetch = authorizedFetch(it.session())
  await fetch(it.server.resource)
  const response = await fetch(other.server.resource)
  expect(response.status).toBe(401)
  expect(other.server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
})
