import { selectProviderProfile } from '@evergrant/core/providers'
import { expect, test } from 'vitest'
import { authorizationScene, redirectUri, resource } from '../support/authorization-scene.ts'

test(
  'authorization request: contains PKCE, state, resource and the decided scope',
  { tags: ['C-02', 'C-33', 'C-34', 'C-36'] },
  async () => {
    await using it = await authorizationScene()
    const { authorizationUrl, pending, assumptions } = await it.begin()
    const { searchParams } = new URL(authorizationUrl)
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: 'code',
      client_id: it.options.registration.clientId,
      redirect_uri: redirectUri,
      state: pending.state,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      resource,
      scope: 'mcp:read offline_access',
    })
    expect(authorizationUrl).not.toContain(pending.codeVerifier)
    expect(pending.state.length).toBeGreaterThanOrEqual(43)
    expect(assumptions).toEqual([])
    expect(JSON.parse(JSON.stringify(pending))).toEqual(pending)
  },
)

test(
  'authorization request: never repeats a state or verifier',
  { tags: ['C-33', 'C-36'] },
  async () => {
    await using it = await authorizationScene()
    const requests = await Promise.all(Array.from({ length: 50 }, () => it.begin()))
    const secrets = requests.flatMap(({ pending }) => [pending.state, pending.codeVerifier])
    expect(new Set(secrets).size).toBe(100)
  },
)

test(
  'authorization request: asks an OpenID Provider for consent to offline access',
  { tags: ['C-07'] },
  async () => {
    await using it = await authorizationScene({
      scopes_supported: ['openid', 'mcp:read', 'offline_access'],
    })
    const { authorizationUrl } = await it.begin()
    expect(new URL(authorizationUrl).searchParams.get('prompt')).toBe('consent')
  },
)

test(
  'authorization request: keeps the query of the authorization endpoint',
  { tags: ['C-33'] },
  async () => {
    await using it = await authorizationScene({
      authorization_endpoint: 'https://auth.test/authorize?tenant=a&state=x&code_challenge=y',
    })
    const { authorizationUrl, pending } = await it.begin()
    const { searchParams } = new URL(authorizationUrl)
    expect(searchParams.get('tenant')).toBe('a')
    expect(searchParams.getAll('state')).toEqual([pending.state])
    expect(searchParams.getAll('code_challenge')).not.toContain('y')
  },
)

test(
  'authorization request: is refused without PKCE support, unless an option allows it',
  { tags: ['C-33'] },
  async () => {
    await using it = await authorizationScene({ code_challenge_methods_supported: undefined })
    await expect(it.begin()).rejects.toMatchObject({
      code: 'PKCE_NOT_SUPPORTED',
      message: expect.stringMatching(/assumePkceS256.*--assume-pkce-s256/),
    })
    const { authorizationUrl, assumptions } = await it.begin({ assumePkceS256: true })
    expect(new URL(authorizationUrl).searchParams.get('code_challenge_method')).toBe('S256')
    expect(assumptions).toEqual([expect.objectContaining({ code: 'pkce-s256-assumed' })])
  },
)

test(
  'authorization request: a server that lists other PKCE methods is refused, and the error offers no option',
  { tags: ['C-33'] },
  async () => {
    await using it = await authorizationScene({ code_challenge_methods_supported: ['plain'] })
    await expect(it.begin({ assumePkceS256: true })).rejects.toMatchObject({
      code: 'PKCE_NOT_SUPPORTED',
      message: expect.not.stringContaining('assumePkceS256'),
    })
  },
)

test(
  'authorization request: Entra ID gets S256 without listing it, no prompt and no resource, and every deviation is reported',
  { tags: ['C-07', 'C-33', 'C-34'] },
  async () => {
    const profile = selectProviderProfile('https://login.microsoftonline.com/contoso.test/v2.0')
    await using it = await authorizationScene(
      {
        code_challenge_methods_supported: undefined,
        scopes_supported: ['openid', 'mcp:read', 'offline_access'],
        subject_types_supported: ['pairwise'],
      },
      profile,
    )
    const { authorizationUrl, assumptions } = await it.begin()
    const { searchParams } = new URL(authorizationUrl)
    expect(searchParams.get('code_challenge_method')).toBe('S256')
    expect(searchParams.get('scope')).toBe('mcp:read offline_access')
    expect(searchParams.has('prompt')).toBe(false)
    expect(searchParams.has('resource')).toBe(false)
    expect(assumptions).toEqual([
      {
        code: 'pkce-s256-assumed',
        message: expect.stringContaining('is known to support S256'),
      },
      { code: 'resource-omitted', message: expect.stringContaining('is not sent') },
    ])
  },
)

test(
  'authorization request: contains the parameters that a product requires, and reports omitted ones',
  { tags: ['C-34'] },
  async () => {
    const entra = selectProviderProfile('https://login.microsoftonline.com/common/v2.0')
    const google = selectProviderProfile('https://accounts.google.com')
    await using it = await authorizationScene()
    const omitting = await it.begin({ profile: entra })
    expect(new URL(omitting.authorizationUrl).searchParams.has('resource')).toBe(false)
    expect(omitting.assumptions).toEqual([expect.objectContaining({ code: 'resource-omitted' })])
    const adding = await it.begin({ profile: google })
    expect(new URL(adding.authorizationUrl).searchParams.get('access_type')).toBe('offline')
  },
)
