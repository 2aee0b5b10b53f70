import type { Fault } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { scene } from '../support/signed-in-session.ts'

function unauthorized(challenge: string, body = '', type = 'application/json'): Fault {
  return {
    kind: 'status',
    status: 401,
    headers: { 'www-authenticate': challenge, 'content-type': type },
    body,
  }
}

function forbidden(challenge: string): Fault {
  return { kind: 'status', status: 403, headers: { 'www-authenticate': challenge } }
}

test.each([
  [
    'the description of the challenge',
    unauthorized('Bearer error="invalid_token", error_description="audience mismatch"'),
    '"invalid_token": "audience mismatch"',
  ],
  [
    'the JSON body',
    unauthorized('Bearer', '{"error":{"message":"issuer not trusted"}}'),
    '"issuer not trusted"',
  ],
  ['no words', unauthorized('Bearer', '<h1>no</h1>', 'text/html'), 'it gives no reason'],
])(
  'refused token: an MCP server that refuses every token is reported with %s',
  { tags: ['C-42', 'C-54'] },
  async (_, fault, words) => {
    await using it = await scene()
    it.server.faults.resource.push(...Array.from({ length: 20 }, () => fault))
    const fetch = authorizedFetch(it.session(), { clock: it.clock })
    for (let call = 0; call < 4; call += 1) {
      await expect(fetch(it.server.resource)).rejects.toMatchObject({
        code: 'RESOURCE_REFUSED',
        message: expect.stringContaining(words),
      })
    }
    expect(it.signIns()).toBe(1)
    // The first call refreshes the token of the sign-in once. Later calls know the refusal.
    expect(it.as.refreshRequests()).toBe(1)
    it.clock.advanceSeconds(60)
    await expect(fetch(it.server.resource)).rejects.toMatchObject({ code: 'RESOURCE_REFUSED' })
    expect(it.as.refreshRequests()).toBe(3)
    expect(it.signIns()).toBe(1)
  },
)

test(
  'refused token: the words of the MCP server do not contain the token',
  { tags: ['C-06'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    const sent: string[] = []
    const fetch = authorizedFetch(session, {
      fetch: (_input, init) => {
        const token = new Headers(init?.headers).get('authorization')?.slice(7)
        if (token !== undefined) sent.push(token)
        return Promise.resolve(
          Response.json(
            { message: `bad token ${token}` },
            { status: 401, headers: { 'www-authenticate': 'Bearer' } },
          ),
        )
      },
    })
    const error: unknown = await fetch(it.server.resource).catch((thrown: unknown) => thrown)
    expect(String(error)).toContain('bad token [redacted]')
    for (const token of sent) expect(String(error)).not.toContain(token)
  },
)

test(
  'refused token: without a refresh token, one sign-in is tried and not repeated for one request',
  { tags: ['C-05', 'C-42'] },
  async () => {
    await using it = await scene({ as: { issueRefreshTokens: 'never' } })
    it.server.faults.resource.push(...Array.from({ length: 9 }, () => unauthorized('Bearer')))
    const fetch = authorizedFetch(it.session(), { clock: it.clock })
    for (let call = 0; call < 3; call += 1) {
      await expect(fetch(it.server.resource)).rejects.toMatchObject({ code: 'RESOURCE_REFUSED' })
    }
    expect(it.signIns()).toBe(1)
  },
)

test(
  'insufficient scope: a token that has the scope is refreshed, and no page opens',
  { tags: ['C-22', 'C-23'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    const fetch = authorizedFetch(session)
    await fetch(it.server.resource)
    it.server.faults.resource.push(forbidden('Bearer error="insufficient_scope", scope="mcp:read"'))
    expect((await fetch(it.server.resource)).status).toBe(200)
    expect(it.signIns()).toBe(1)
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  'insufficient scope: if the refreshed token is refused, too, the user signs in',
  { tags: ['C-23'] },
  async () => {
    await using it = await scene()
    const fetch = authorizedFetch(it.session())
    await fetch(it.server.resource)
    const refusal = forbidden('Bearer error="insufficient_scope", scope="mcp:read"')
    it.server.faults.resource.push(refusal, refusal)
    expect((await fetch(it.server.resource)).status).toBe(200)
    expect(it.signIns()).toBe(2)
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test('invalid token: a 403 is handled like a 401', { tags: ['C-54'] }, async () => {
  await using it = await scene()
  const fetch = authorizedFetch(it.session())
  await fetch(it.server.resource)
  it.server.faults.resource.push(forbidden('Bearer error="invalid_token"'))
  expect((await fetch(it.server.resource)).status).toBe(200)
  expect(it.signIns()).toBe(1)
  expect(it.as.refreshRequests()).toBe(1)
})
