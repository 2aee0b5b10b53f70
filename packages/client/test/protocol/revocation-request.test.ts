import type { Fault } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { revokeToken } from '../../src/protocol/revocation-request.ts'
import { authorizationScene } from '../support/authorization-scene.ts'

function jsonStatus(status: number, body: string): Fault {
  return { kind: 'status', status, headers: { 'content-type': 'application/json' }, body }
}

test('revocation request: ends the grant at the server', { tags: ['C-57'] }, async () => {
  await using it = await authorizationScene()
  const { tokenSet } = await it.signIn()
  expect(await revokeToken(tokenSet.refreshToken ?? '', 'refresh_token', it.options)).toEqual({
    outcome: 'revoked',
  })
  expect(it.as.isGrantAlive()).toBe(false)
  expect(it.as.requests.at(-1)?.form).toMatchObject({ token_type_hint: 'refresh_token' })
})

test(
  'revocation request: is not sent if the server has no revocation endpoint',
  { tags: ['C-57'] },
  async () => {
    await using it = await authorizationScene({ revocation_endpoint: undefined })
    expect(await revokeToken('rt', 'refresh_token', it.options)).toEqual({
      outcome: 'not-supported',
    })
  },
)

test.each([
  ['a 503', { kind: 'status', status: 503 }, 'unavailable'],
  ['a 408', { kind: 'status', status: 408 }, 'unavailable'],
  ['a 425', { kind: 'status', status: 425 }, 'unavailable'],
  ['a 429', { kind: 'status', status: 429 }, 'unavailable'],
  ['a 404', { kind: 'status', status: 404 }, 'unavailable'],
  ['a 405', { kind: 'status', status: 405 }, 'unavailable'],
  ['a 410', { kind: 'status', status: 410 }, 'unavailable'],
  ['an empty 400', { kind: 'empty-400' }, 'unavailable'],
  ['a 403 with JSON and no OAuth error', jsonStatus(403, '{"message":"no"}'), 'unavailable'],
  ['a redirect', { kind: 'redirect', location: '/elsewhere' }, 'unavailable'],
  ['HTML', { kind: 'html', status: 403 }, 'unavailable'],
  ['a 503 with an OAuth error', jsonStatus(503, '{"error":"invalid_request"}'), 'unavailable'],
  ['slow_down', { kind: 'oauth-error', error: 'slow_down' }, 'unavailable'],
  ['a reset', { kind: 'reset' }, 'unavailable'],
  ['a hang', { kind: 'hang' }, 'unavailable'],
  ['a refusal', { kind: 'oauth-error', error: 'unsupported_token_type' }, 'refused'],
  ['a refusal of the client', jsonStatus(401, '{"error":"invalid_client"}'), 'refused'],
  ['a 403 with an OAuth error', jsonStatus(403, '{"error":"access_denied"}'), 'refused'],
] as const)(
  'revocation request: %s is an outcome',
  { tags: ['C-57'] },
  async (_, fault, outcome) => {
    await using it = await authorizationScene()
    it.as.faults.revoke.push(fault)
    expect(
      await revokeToken('rt', 'refresh_token', { ...it.options, requestTimeoutMilliseconds: 300 }),
    ).toMatchObject({ outcome })
  },
)

test.each([
  [
    'that authenticates in the header',
    { clientSecret: 'secret-1', tokenEndpointAuthMethod: 'client_secret_basic' },
    ['basic', 'form', 'basic'],
  ],
  ['without a secret', { tokenEndpointAuthMethod: 'none' }, ['none', 'none']],
] as const)(
  'revocation request: a client %s sends an empty client_secret to a server that requires the parameter',
  { tags: ['C-57'] },
  async (_, authentication, expected) => {
    await using it = await authorizationScene()
    const { tokenSet } = await it.signIn()
    it.as.faults.revoke.push(
      jsonStatus(
        400,
        '{"error":"invalid_request","error_description":"client_secret: Field required"}',
      ),
    )
    if (expected.length === 3) {
      it.as.faults.revoke.push(jsonStatus(401, '{"error":"unauthorized_client"}'))
    }
    const registration = { ...it.options.registration, ...authentication }
    const options = { ...it.options, registration }
    expect(await revokeToken(tokenSet.refreshToken ?? '', 'refresh_token', options)).toEqual({
      outcome: 'revoked',
    })
    const sent = it.as.requests.filter(({ endpoint }) => endpoint === 'revoke')
    expect(
      sent.map(({ headers, form }) => {
        if (headers.authorization !== undefined) return 'basic'
        return form['client_secret'] ? 'form' : 'none'
      }),
    ).toEqual(expected)
    expect(sent.map(({ form }) => form['client_secret']).at(-1)).toBe('')
    expect(sent[0]?.form).not.toHaveProperty('client_secret')
  },
)
