import { expect, test } from 'vitest'
import { authorizationScene, redirectUri, resource } from '../support/authorization-scene.ts'

test(
  'authorization response: exchanges the code with a resource and without a scope',
  { tags: ['C-03', 'C-34'] },
  async () => {
    await using it = await authorizationScene()
    const { authorizationUrl, pending } = await it.begin()
    const { tokenSet, missingScopes } = await it.complete(await it.visit(authorizationUrl), pending)
    expect(tokenSet).toMatchObject({
      tokenType: 'Bearer',
      issuedAtEpochSeconds: it.clock.nowEpochSeconds(),
      expiresAtEpochSeconds: it.clock.nowEpochSeconds() + 60,
      scope: 'mcp:read offline_access',
      refreshToken: expect.any(String),
    })
    expect(missingScopes).toEqual([])
    expect(it.lastForm()).toEqual({
      grant_type: 'authorization_code',
      code: expect.any(String),
      redirect_uri: redirectUri,
      code_verifier: pending.codeVerifier,
      client_id: it.options.registration.clientId,
      resource,
    })
  },
)

test(
  'authorization response: a sign-in without a refresh token succeeds',
  { tags: ['C-05'] },
  async () => {
    await using it = await authorizationScene()
    it.as.faults.token.push({ kind: 'omit', fields: ['refresh_token', 'expires_in', 'scope'] })
    const { tokenSet } = await it.signIn()
    expect(tokenSet.refreshToken).toBeUndefined()
    expect(tokenSet.expiresAtEpochSeconds).toBeUndefined()
    expect(tokenSet.scope).toBe('mcp:read offline_access')
  },
)

test(
  'authorization response: reports scopes that were not granted',
  { tags: ['C-56'] },
  async () => {
    await using it = await authorizationScene()
    it.as.faults.token.push({ kind: 'merge', fields: { scope: 'other' } })
    expect((await it.signIn()).missingScopes).toEqual(['mcp:read'])
  },
)

test.each<[string, (callback: URL) => void]>([
  ['another issuer', (callback) => callback.searchParams.set('iss', 'https://evil.test')],
  ['no issuer, though promised', (callback) => callback.searchParams.delete('iss')],
  ['two issuers', (callback) => callback.searchParams.append('iss', 'https://evil.test')],
  [
    'the issuer with a slash',
    (callback) => callback.searchParams.set('iss', `${callback.searchParams.get('iss')}/`),
  ],
  [
    'the issuer with a path',
    (callback) => callback.searchParams.set('iss', `${callback.searchParams.get('iss')}/tenant`),
  ],
  ['another state', (callback) => callback.searchParams.set('state', 'x'.repeat(43))],
  ['no state', (callback) => callback.searchParams.delete('state')],
  ['two states', (callback) => callback.searchParams.append('state', 'x')],
  ['no code', (callback) => callback.searchParams.delete('code')],
  ['an empty code', (callback) => callback.searchParams.set('code', '')],
  ['two codes', (callback) => callback.searchParams.append('code', 'x')],
])('authorization response: is refused with %s', { tags: ['C-35', 'C-36'] }, async (_, change) => {
  await using it = await authorizationScene()
  const { authorizationUrl, pending } = await it.begin()
  const callback = await it.visit(authorizationUrl)
  change(callback)
  await expect(it.complete(callback, pending)).rejects.toMatchObject({
    code: 'AUTHORIZATION_RESPONSE_INVALID',
  })
  expect(it.as.count('token')).toBe(0)
})

test.each<[string, (callback: URL) => void, RegExp]>([
  [
    'another issuer',
    (callback) => callback.searchParams.set('iss', 'https://evil.test'),
    /"https:\/\/evil\.test" \(expected .*--trusted-issuer/,
  ],
  [
    'no issuer',
    (callback) => callback.searchParams.delete('iss'),
    /^The authorization response has no iss(?!.*trustedIssuer)/,
  ],
  [
    'two issuers',
    (callback) => callback.searchParams.append('iss', 'https://evil.test'),
    /^The authorization response has several `iss` parameters(?!.*trustedIssuer)/,
  ],
])(
  'authorization response: with %s, the error says what was found, and offers trustedIssuer only for another issuer',
  { tags: ['C-35'] },
  async (_, change, message) => {
    await using it = await authorizationScene()
    const { authorizationUrl, pending } = await it.begin()
    const callback = await it.visit(authorizationUrl)
    change(callback)
    await expect(it.complete(callback, pending)).rejects.toThrow(message)
  },
)

test(
  'authorization response: an issuer is checked even if the metadata does not promise one',
  { tags: ['C-35'] },
  async () => {
    await using it = await authorizationScene({
      authorization_response_iss_parameter_supported: undefined,
    })
    const { authorizationUrl, pending } = await it.begin()
    const callback = await it.visit(authorizationUrl)
    callback.searchParams.set('iss', 'https://evil.test')
    await expect(it.complete(callback, pending)).rejects.toMatchObject({
      code: 'AUTHORIZATION_RESPONSE_INVALID',
    })
    callback.searchParams.delete('iss')
    await expect(it.complete(callback, pending)).resolves.toMatchObject({ missingScopes: [] })
  },
)

test(
  'authorization response: the error of a wrong issuer is not shown',
  { tags: ['C-35'] },
  async () => {
    await using it = await authorizationScene()
    const { pending } = await it.begin()
    const callback = new URL(redirectUri)
    callback.search = new URLSearchParams({
      state: pending.state,
      iss: 'https://evil.test',
      error: 'call_us',
      error_description: 'Your account is locked, call 555',
    }).toString()
    const error: unknown = await it.complete(callback, pending).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'AUTHORIZATION_RESPONSE_INVALID', oauthError: undefined })
    expect(String(error)).not.toMatch(/call_us|555/)
  },
)

test(
  'authorization response: an OAuth error gives the error and the next step',
  { tags: ['C-35'] },
  async () => {
    await using it = await authorizationScene()
    it.as.faults.authorize.push({
      kind: 'oauth-error',
      error: 'access_denied',
      description: 'no\u001b[2J',
    })
    const { authorizationUrl, pending } = await it.begin()
    const error: unknown = await it
      .complete(await it.visit(authorizationUrl), pending)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'SIGN_IN_FAILED', oauthError: 'access_denied' })
    expect(String(error)).toContain('declined')
    expect(String(error)).not.toContain('\u001b')
  },
)

test(
  'authorization response: text that is not a URL is refused and not repeated',
  { tags: ['C-06'] },
  async () => {
    await using it = await authorizationScene()
    const { pending } = await it.begin()
    const error: unknown = await it
      .complete('code=canary-code', pending)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'AUTHORIZATION_RESPONSE_INVALID' })
    expect(String(error)).not.toContain('canary')
  },
)

test(
  'authorization response: is refused with the metadata of another server',
  { tags: ['C-35', 'C-39'] },
  async () => {
    await using it = await authorizationScene()
    const { authorizationUrl, pending } = await it.begin()
    const callback = await it.visit(authorizationUrl)
    await expect(
      it.complete(callback, { ...pending, issuer: 'https://other.test' }),
    ).rejects.toMatchObject({ code: 'AUTHORIZATION_RESPONSE_INVALID' })
    expect(it.as.count('token')).toBe(0)
  },
)
