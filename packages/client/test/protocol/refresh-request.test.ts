import { inspect } from 'node:util'
import { standardProfile } from '@evergrant/core/providers'
import { createCanaries } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { refreshRequest } from '../../src/protocol/refresh-request.ts'
import { authorizationScene, resource } from '../support/authorization-scene.ts'

test(
  'refresh request: contains the resource and no scope',
  { tags: ['C-03', 'C-24', 'C-34'] },
  async () => {
    await using it = await authorizationScene()
    const { tokenSet } = await it.signIn()
    const refreshToken = tokenSet.refreshToken ?? ''
    const result = await refreshRequest(it.grantOf(refreshToken), it.options)
    expect(result.kind).toBe('tokens')
    expect(it.lastForm()).toEqual({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: it.options.registration.clientId,
      resource,
    })
  },
)

test(
  'refresh request: repeats exactly the granted scope if the product requires it',
  { tags: ['C-03', 'C-24'] },
  async () => {
    await using it = await authorizationScene({}, { ...standardProfile, refreshScope: 'granted' })
    const { tokenSet } = await it.signIn()
    await refreshRequest(
      it.grantOf(tokenSet.refreshToken ?? '', 'mcp:read offline_access'),
      it.options,
    )
    expect(it.lastForm()).toMatchObject({ scope: 'mcp:read offline_access' })
  },
)

test.each([
  ['left it out', 'mcp:read', 'mcp:read offline_access', 'mcp:read offline_access'],
  ['listed it', 'mcp:read offline_access', 'mcp:read offline_access', 'mcp:read offline_access'],
  ['was not asked for it', 'mcp:read', 'mcp:read mcp:write', 'mcp:read'],
  ['narrowed the rest', 'mcp:read', 'mcp:read mcp:write offline_access', 'mcp:read offline_access'],
])(
  'refresh request: a product that requires the scope gets what it granted, with offline_access if requested: the server %s',
  { tags: ['C-03', 'C-24'] },
  async (_, granted, requestedScope, expected) => {
    await using it = await authorizationScene({}, { ...standardProfile, refreshScope: 'granted' })
    const { tokenSet } = await it.signIn()
    const grant = it.grantOf(tokenSet.refreshToken ?? '', granted)
    await refreshRequest({ ...grant, requestedScope }, it.options)
    expect(it.lastForm()).toMatchObject({ scope: expected })
  },
)

test.each([
  ['invalid_grant', { kind: 'oauth-error', error: 'invalid_grant' }, 'grant-ended', true],
  ['an empty 400', { kind: 'empty-400' }, 'grant-ended', true],
  ['invalid_client', { kind: 'oauth-error', error: 'invalid_client' }, 'registration-ended', true],
  ['invalid_target', { kind: 'oauth-error', error: 'invalid_target' }, 'request-refused', true],
  ['use_dpop_nonce', { kind: 'oauth-error', error: 'use_dpop_nonce' }, 'request-refused', true],
  [
    'an error with status 200',
    { kind: 'status', status: 200, body: '{"error":"invalid_grant"}' },
    'grant-ended',
    true,
  ],
  ['a 503', { kind: 'status', status: 503, headers: { 'retry-after': '9' } }, 'transient', true],
  ['HTML', { kind: 'html' }, 'transient', true],
  ['a redirect', { kind: 'redirect', location: 'https://evil.test/' }, 'transient', true],
  ['an unreadable token response', { kind: 'omit', fields: ['access_token'] }, 'transient', false],
  ['a status HTTP does not know', { kind: 'status', status: 999 }, 'transient', false],
  ['16 MiB', { kind: 'huge' }, 'transient', false],
  ['a hang', { kind: 'hang' }, 'transient', false],
  ['a dropped connection', { kind: 'drop-after-commit' }, 'transient', false],
] as const)(
  'refresh request: classifies %s, and the result has no secret',
  { tags: ['C-53'] },
  async (_, fault, outcome, answered) => {
    await using it = await authorizationScene()
    const { tokenSet } = await it.signIn()
    it.as.faults.token.push(fault)
    const canaries = createCanaries()
    canaries.watch('refresh token', tokenSet.refreshToken ?? '')
    const result = await refreshRequest(it.grantOf(tokenSet.refreshToken ?? ''), {
      ...it.options,
      requestTimeoutMilliseconds: 300,
    })
    expect(result).toMatchObject({ kind: 'failed', outcome, answered })
    canaries.expectNoCanary([inspect(result, { depth: 9, showHidden: true })])
  },
)

test('refresh request: returns the value of Retry-After', { tags: ['C-53'] }, async () => {
  await using it = await authorizationScene()
  it.as.faults.token.push({ kind: 'status', status: 429, headers: { 'retry-after': '9' } })
  expect(await refreshRequest(it.grantOf('rt'), it.options)).toMatchObject({
    retryAfterSeconds: 9,
  })
})
