import { inspect } from 'node:util'
import { createCanaries } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { EvergrantClientError } from '../../src/index.ts'
import { completeAuthorization } from '../../src/protocol/authorization-response.ts'
import { authorizationScene } from '../support/authorization-scene.ts'

test.each([
  ['invalid_grant', { kind: 'oauth-error', error: 'invalid_grant' }, 'TOKEN_REQUEST_REFUSED'],
  [
    'an error with status 200',
    { kind: 'status', status: 200, body: '{"error":"invalid_grant"}' },
    'TOKEN_REQUEST_REFUSED',
  ],
  ['an empty 400', { kind: 'empty-400' }, 'TOKEN_REQUEST_REFUSED'],
  ['a 503', { kind: 'status', status: 503 }, 'TEMPORARILY_UNAVAILABLE'],
  ['HTML', { kind: 'html' }, 'TEMPORARILY_UNAVAILABLE'],
  ['a redirect', { kind: 'redirect', location: 'https://evil.test/' }, 'TEMPORARILY_UNAVAILABLE'],
  ['16 MiB', { kind: 'huge' }, 'TEMPORARILY_UNAVAILABLE'],
  ['a reset', { kind: 'reset' }, 'TEMPORARILY_UNAVAILABLE'],
  ['no access token', { kind: 'omit', fields: ['access_token'] }, 'TOKEN_RESPONSE_INVALID'],
] as const)(
  'code exchange: %s gets its own error code, and the error has no secret',
  { tags: ['C-06', 'C-53'] },
  async (_, fault, code) => {
    await using it = await authorizationScene()
    const canaries = createCanaries()
    const { authorizationUrl, pending } = await it.begin()
    const callback = await it.visit(authorizationUrl)
    canaries.watch('code', callback.searchParams.get('code') ?? '')
    canaries.watch('verifier', pending.codeVerifier)
    it.as.faults.token.push(fault)
    const error: unknown = await it.complete(callback, pending).catch((thrown: unknown) => thrown)
    expect(EvergrantClientError.is(error) && error.code).toBe(code)
    canaries.expectNoCanary([inspect(error, { depth: 9, showHidden: true })])
  },
)

test('code exchange: authenticates with the registered method', { tags: ['C-39'] }, async () => {
  await using it = await authorizationScene()
  const { authorizationUrl, pending } = await it.begin()
  const callback = await it.visit(authorizationUrl)
  await completeAuthorization(callback.href, pending, {
    ...it.options,
    registration: {
      ...it.options.registration,
      clientSecret: 's:cret',
      tokenEndpointAuthMethod: 'client_secret_post',
    },
  })
  expect(it.lastForm()).toMatchObject({ client_secret: 's:cret' })
})
