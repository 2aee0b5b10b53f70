import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { emulatedServers } from '../../src/emulation/servers/catalog.ts'
import { startAuthorizationServer } from '../../src/index.ts'

const first = 'http://127.0.0.1:9/first'
const second = 'http://127.0.0.1:9/second'
const redirectUri = 'http://127.0.0.1/callback'
const clientId = 'preregistered'
const form = { 'content-type': 'application/x-www-form-urlencoded' }

type Body = NonNullable<RequestInit['body']>
type Parameters = readonly (readonly [string, string])[]

const serversThat = (does: string) =>
  emulatedServers
    .filter(({ behaviors }) => behaviors.resource?.value === does)
    .map(({ name }) => name)

/** The demo with two MCP servers, with or without emulation. */
async function startTestbed(emulate: string | undefined) {
  const as = await startAuthorizationServer({
    demo: true,
    emulate,
    resources: [first, second],
    clients: [
      {
        client_id: clientId,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
    ],
  })

  async function send(body: Body, headers: Record<string, string> = {}) {
    const init = { method: 'POST', body, headers, duplex: 'half' } as const
    const response = await fetch(`${as.issuer}/token`, init)
    const text = await response.text()
    const answer = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    return { status: response.status, answer }
  }

  async function authorize(parameters: Parameters) {
    const verifier = randomBytes(32).toString('base64url')
    const query = new URLSearchParams([
      ['response_type', 'code'],
      ['client_id', clientId],
      ['redirect_uri', redirectUri],
      ['code_challenge', createHash('sha256').update(verifier).digest('base64url')],
      ['code_challenge_method', 'S256'],
      ...parameters.map(([name, value]): [string, string] => [name, value]),
    ])
    const answer = await fetch(`${as.issuer}/auth?${query.toString()}`, { redirect: 'manual' })
    const { searchParams } = new URL(answer.headers.get('location') ?? 'about:blank')
    return { code: searchParams.get('code'), error: searchParams.get('error'), verifier }
  }

  async function redeem(parameters: Parameters, resource?: string) {
    const { code, error, verifier } = await authorize(parameters)
    if (code === null) throw new Error(`no code, but ${error}`)
    return await tokens({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...(resource === undefined ? {} : { resource }),
    })
  }

  /** The answer to a token request, with the audience of the access token. */
  async function tokens(parameters: Record<string, string>) {
    const { answer } = await send(new URLSearchParams({ client_id: clientId, ...parameters }))
    const { access_token: accessToken, refresh_token: refreshToken, error, scope } = answer
    const payload = typeof accessToken === 'string' ? accessToken.split('.')[1] : undefined
    const claims = JSON.parse(Buffer.from(payload ?? 'e30', 'base64url').toString('utf8')) as object
    return {
      error,
      scope,
      refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined,
      audience: 'aud' in claims ? claims.aud : undefined,
    }
  }

  return {
    send,
    authorize,
    redeem,
    refresh: (refreshToken = '', more: Record<string, string> = {}) =>
      tokens({ grant_type: 'refresh_token', refresh_token: refreshToken, ...more }),
    [Symbol.asyncDispose]: () => as.close(),
  }
}

const scopes = [['scope', 'mcp:read offline_access']] as const

describe.each(serversThat('ignored'))('emulating %s, which ignores resource', (name) => {
  test.each([
    ['the second of the list', [second], second],
    ['the first known one', ['https://elsewhere.test/mcp', second, first], second],
    ['none', [], first],
    ['an unknown resource', ['https://elsewhere.test/mcp'], first],
    ['a value that is not a URL', ['mcp'], first],
    ['a resource with a fragment', [`${second}#fragment`], first],
    ['another one on this machine', ['http://127.0.0.1:8/'], 'http://127.0.0.1:8/'],
  ])(
    'ignored resource: requesting %s still brings tokens',
    { tags: ['A-03'] },
    async (_what, asked, audience) => {
      await using as = await startTestbed(name)
      // The resource of the token requests must not matter either.
      const tokens = await as.redeem(
        [...scopes, ...asked.map((one) => ['resource', one] as const)],
        'https://elsewhere.test/mcp',
      )
      expect(tokens).toMatchObject({ error: undefined, audience })
      expect(tokens.scope).toBe('mcp:read')
      const refreshed = await as.refresh(tokens.refreshToken, { resource: first })
      expect(refreshed).toMatchObject({ error: undefined, audience })
      expect(await as.refresh(refreshed.refreshToken ?? tokens.refreshToken)).toMatchObject({
        audience,
      })
    },
  )

  test('ignored resource: scopes are still checked', { tags: ['A-03'] }, async () => {
    await using as = await startTestbed(name)
    expect(await as.redeem([['scope', 'mcp:write mcp:admin']])).toMatchObject({
      scope: 'mcp:write mcp:admin',
    })
    expect(await as.authorize([['scope', 'mcp:dance']])).toMatchObject({ error: 'invalid_scope' })
  })
})

test.each(['hydra', 'authelia'])(
  'emulation: %s drops offline_access with prompt=none',
  { tags: ['A-03'] },
  async (name) => {
    await using as = await startTestbed(name)
    const request = [...scopes, ['resource', first]] as const
    expect((await as.redeem(request)).refreshToken).toBeDefined()
    expect((await as.redeem([...request, ['prompt', 'none']])).refreshToken).toBeUndefined()
  },
)

describe.each(serversThat('refused'))('emulating %s, which refuses resource', (name) => {
  test(
    'refused resource: without it, tokens are for the first of the list',
    { tags: ['A-03'] },
    async () => {
      await using as = await startTestbed(name)
      const tokens = await as.redeem(scopes)
      expect(tokens).toMatchObject({ error: undefined, audience: first, scope: 'mcp:read' })
      expect(await as.refresh(tokens.refreshToken)).toMatchObject({ audience: first })
    },
  )

  test(
    'refused resource: it is refused at every step and spends no token',
    { tags: ['A-03'] },
    async () => {
      await using as = await startTestbed(name)
      expect(await as.authorize([...scopes, ['resource', first]])).toMatchObject({
        code: null,
        error: 'invalid_target',
      })
      expect(await as.redeem(scopes, first)).toMatchObject({ error: 'invalid_target' })
      const { refreshToken } = await as.redeem(scopes)
      const refused = await as.refresh(refreshToken, { resource: first })
      expect(refused).toMatchObject({ error: 'invalid_target' })
      expect(await as.refresh(refreshToken)).toMatchObject({ error: undefined, audience: first })
    },
  )
})

const long = `grant_type=${'x'.repeat(60_000)}`
const names = ['grant_type', 'client_id', 'code', 'redirect_uri', 'code_verifier', 'scope']

/** Bodies are created for each request, because a stream can be sent only once. */
const malformed: [string, () => Body, Record<string, string>][] = [
  ['a JSON body', () => '{"grant_type":"x"}', { 'content-type': 'application/json' }],
  ['plain text', () => `grant_type=refresh_token&client_id=${clientId}`, {}],
  ['no body', () => '', {}],
  ['a body without a type', () => new TextEncoder().encode('grant_type=x'), {}],
  [
    'a charset that does not exist',
    () => `grant_type=x&client_id=${clientId}`,
    { 'content-type': `${form['content-type']}; charset=none` },
  ],
  ['a long body', () => long, form],
  ['a long body in pieces', () => new Blob([long]).stream(), form],
  ...names.map((twice): [string, () => Body, Record<string, string>] => [
    `${twice} twice`,
    () =>
      new URLSearchParams([
        ['grant_type', 'authorization_code'],
        ['client_id', clientId],
        ['code', 'x'],
        ['redirect_uri', redirectUri],
        ['code_verifier', 'x'.repeat(43)],
        ['scope', 'mcp:read'],
        [twice, 'x'],
      ]),
    {},
  ]),
  [
    'refresh_token twice',
    () => `grant_type=refresh_token&client_id=${clientId}&refresh_token=a&refresh_token=b`,
    form,
  ],
]

test.each(malformed)(
  'emulation: a token request with %s is answered as without emulation',
  { tags: ['A-03'] },
  async (_what, body, headers) => {
    await using plain = await startTestbed(undefined)
    const expected = await plain.send(body(), headers)
    expect(expected).toMatchObject({ status: 400, answer: { error: expect.any(String) } })
    for (const name of ['keycloak', 'entra']) {
      await using as = await startTestbed(name)
      expect(await as.send(body(), headers)).toEqual(expected)
    }
  },
)

test.each([undefined, 'keycloak', 'logto', 'entra'])(
  'emulation: a duplicate parameter of an authorization request is refused (%s)',
  { tags: ['A-03'] },
  async (name) => {
    await using as = await startTestbed(name)
    for (const twice of ['scope', 'state', 'prompt']) {
      const request = [
        [twice, 'none'],
        [twice, 'none'],
      ] as const
      expect(await as.authorize(request)).toMatchObject({ code: null, error: 'invalid_request' })
    }
  },
)
