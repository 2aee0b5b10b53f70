import { inspect } from 'node:util'
import { createCanaries } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { createRedactor } from '../../src/index.ts'
import type { InteractiveSignIn, SessionOptions } from '../../src/index.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

/** Every way in which a server writes what it received, one in each description. */
const writings: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => encodeURIComponent(secret),
  (secret) => encodeURIComponent(secret).replaceAll(/%../g, (byte) => byte.toLowerCase()),
  (secret) => new URLSearchParams({ got: secret }).toString(),
  (secret) => Buffer.from(secret).toString('base64'),
  (secret) => Buffer.from(secret).toString('base64url'),
  (secret) => JSON.stringify({ got: secret }),
]

interface Echo {
  readonly fetch: typeof globalThis.fetch
  /** The next request to a URL that contains `part` gets an answer with its own secrets. */
  next(part: string, answer: (secret: string) => Response): void
  /** Every secret that was sent. */
  readonly sent: Set<string>
}

const secretFields = ['code', 'code_verifier', 'refresh_token', 'token', 'client_secret']

/** A `fetch` that answers some requests with their own secrets. */
function echo(): Echo {
  const sent = new Set<string>()
  const answers: { readonly part: string; readonly answer: (secret: string) => Response }[] = []
  return {
    sent,
    next: (part, answer) => answers.push({ part, answer }),
    async fetch(input, init) {
      const request = new Request(input, init)
      const form = new URLSearchParams(await request.clone().text())
      const [, credentials] = request.headers.get('authorization')?.split(' ') ?? []
      const secrets = [...secretFields.map((name) => form.get(name)), credentials ?? null].filter(
        (secret) => secret !== null,
      )
      for (const secret of secrets) sent.add(secret)
      const at = answers.findIndex(({ part }) => request.url.includes(part))
      const [found] = at === -1 ? [] : answers.splice(at, 1)
      return found === undefined ? await fetch(request) : found.answer(secrets.join(' and '))
    },
  }
}

function refusal(error: string, secret: string, write: (secret: string) => string): Response {
  return Response.json(
    { error, error_description: `bad request: ${write(secret)}` },
    { status: 400 },
  )
}

async function heardOf(work: () => Promise<unknown>): Promise<string> {
  const outcome = await work().catch((error: unknown) => error)
  return `${String(outcome)} ${inspect(outcome, { depth: 20 })}`
}

function sessionOf(it: Scene, echoing: Echo, more: Partial<SessionOptions> = {}) {
  return it.session({ fetch: echoing.fetch, refresh: { maximumWaitSeconds: 0 }, ...more })
}

function expectNothingOf(echoing: Echo, heard: readonly string[]): void {
  const canaries = createCanaries()
  expect(echoing.sent.size).toBeGreaterThan(0)
  for (const secret of echoing.sent) canaries.watch('what was sent', secret)
  canaries.expectNoCanary(heard)
}

test.each(writings.map((write) => [write('a b/c'), write] as const))(
  'echoing server: no error or event contains a code, verifier, token or client secret that is echoed as %j',
  { tags: ['C-06'] },
  async (_, write) => {
    const clientSecret = 'a client/secret+with=marks'
    await using it = await scene({ as: { clients: [{ clientId: 'client-1', clientSecret }] } })
    const preRegistered = { [it.as.issuer]: { clientId: 'client-1', clientSecret } }
    const echoing = echo()
    const session = sessionOf(it, echoing, { client: { name: 'confidential', preRegistered } })
    const heard: string[] = []

    echoing.next('/token', (secret) => refusal('invalid_grant', secret, write))
    heard.push(await heardOf(() => session.signIn()))
    expect(heard.join()).toContain('bad request: ')
    await session.signIn()
    it.clock.advanceSeconds(1000)
    echoing.next('/token', (secret) => refusal('invalid_scope', secret, write))
    heard.push(await heardOf(() => session.getAccessToken()))
    // In the error code, which is shown, too.
    echoing.next('/token', (secret) => refusal(write(secret), secret, write))
    heard.push(await heardOf(() => session.getAccessToken()))
    // In a token response, the other members are shown or stored.
    it.clock.advanceSeconds(1000)
    echoing.next('/token', (secret) =>
      Response.json({ access_token: 'x', token_type: write(secret) }),
    )
    heard.push(await heardOf(() => session.getAccessToken()))
    echoing.next('/revoke', (secret) => refusal('invalid_token', secret, write))
    heard.push(await heardOf(() => session.signOut()))
    heard.push(await heardOf(() => session.status()), inspect(it.events, { depth: 20 }))
    expectNothingOf(echoing, heard)
  },
)

test(
  'echoing server: a scope with the tokens is not shown, and the tokens are used',
  { tags: ['C-06'] },
  async () => {
    await using it = await scene()
    const echoing = echo()
    const session = sessionOf(it, echoing)
    const issued = { access_token: 'issued-access-token', refresh_token: 'issued-refresh-token' }
    echoing.next('/token', (secret) =>
      Response.json({
        ...issued,
        token_type: 'Bearer',
        scope: `mcp:read ${issued.access_token} ${issued.refresh_token}`,
        expires_in: [issued.refresh_token, secret],
      }),
    )
    const result = await session.signIn()
    expect(result).toMatchObject({ refreshToken: 'issued', scope: 'mcp:read [redacted]' })
    expect(await session.getAccessToken()).toMatchObject({ value: issued.access_token })
    expectNothingOf(echoing, [inspect(result), inspect(await session.status())])
  },
)

test(
  'echoing server: an authorization error with the state and code shows neither',
  { tags: ['C-06', 'C-36'] },
  async () => {
    await using it = await scene()
    const answering: InteractiveSignIn = {
      kind: 'interactive',
      async prepare() {
        return {
          redirectUri: 'http://127.0.0.1/callback',
          async authorize(authorizationUrl) {
            const state = new URL(authorizationUrl).searchParams.get('state') ?? ''
            const callback = new URL('http://127.0.0.1/callback')
            callback.search = new URLSearchParams({
              state,
              iss: it.as.issuer,
              error: `no ${state}`,
              error_description: `the code was code-5f1c9a and the state ${state}`,
              code: 'code-5f1c9a',
            }).toString()
            states.push(state)
            return callback.href
          },
          async close() {},
        }
      },
    }
    const states: string[] = []
    const heard = await heardOf(() => it.session({ signIn: answering }).signIn())
    expect(heard).toContain('"the code was [redacted] and the state [redacted]"')
    expect(states).toHaveLength(1)
    for (const secret of [...states, 'code-5f1c9a']) expect(heard).not.toContain(secret)
  },
)

test(
  'echoing server: a challenge with the access token does not spread it',
  { tags: ['C-06', 'C-39'] },
  async () => {
    await using it = await scene()
    const echoing = echo()
    const session = sessionOf(it, echoing)
    await session.signIn()
    const silent = it.session({ fetch: echoing.fetch, signIn: { kind: 'none' } })
    echoing.next('/mcp', (token) => {
      const challenge = `Bearer error="insufficient_scope", scope="mcp:read ${token}", error_description="${token}"`
      return new Response(null, { status: 403, headers: { 'www-authenticate': challenge } })
    })
    const ask = authorizedFetch(silent, { fetch: echoing.fetch })
    const heard = await heardOf(() => ask(it.server.resource))
    expect(heard).toContain('SIGN_IN_REQUIRED')
    expectNothingOf(echoing, [heard, inspect(it.events, { depth: 20 })])
    // In the redirect form, the scope would be part of the authorization URL.
    echoing.next('/mcp', (token) => {
      const challenge = `Bearer error="insufficient_scope", scope="mcp:read ${token}"`
      return new Response(null, { status: 403, headers: { 'www-authenticate': challenge } })
    })
    const web = it.session({
      fetch: echoing.fetch,
      signIn: { kind: 'redirect', redirectUri: 'https://app.test/callback' },
    })
    const page = await heardOf(() =>
      authorizedFetch(web, { fetch: echoing.fetch })(it.server.resource),
    )
    expect(page).toContain('authorizationUrl')
    expectNothingOf(echoing, [page])
  },
)

test('echoing server: short words are not redacted', { tags: ['C-06'] }, () => {
  expect(createRedactor(['code', '', undefined])('the code is wrong')).toBe('the code is wrong')
  expect(createRedactor(['token-1', 'token-12'])('a=token-1 b=token-12')).toBe(
    'a=[redacted] b=[redacted]',
  )
})
