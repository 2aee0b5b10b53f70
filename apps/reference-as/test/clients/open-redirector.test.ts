import { describe, expect, test } from 'vitest'
import { createBrowser } from '../browser.ts'
import { credentials, startServerWithAccount } from '../server-with-account.ts'
import { authorizationRequest, redirectUri, register } from '../support.ts'

const website = 'https://phishing.example/callback'

const configured = {
  client_id: 'configured',
  redirect_uris: [website],
  token_endpoint_auth_method: 'none' as const,
}

async function start() {
  return await startServerWithAccount({
    clients: [configured],
    fetch: async (url) =>
      Response.json({ client_id: String(url), client_name: 'App', redirect_uris: [website] }),
  })
}

const websiteClient = { redirect_uris: [website], application_type: 'web' }

/** Requests that fail before any page. */
const mistakes: readonly (readonly [string, Record<string, string>, string])[] = [
  ['an unknown scope', { scope: 'nothing' }, 'invalid_scope'],
  ['an unknown resource', { resource: 'https://other.example/' }, 'invalid_target'],
  ['prompt=none', { prompt: 'none' }, 'login_required'],
  ['no challenge', { code_challenge: '' }, 'invalid_request'],
  ['an unknown response type', { response_type: 'token' }, 'unsupported_response_type'],
  ['a form post response', { scope: 'nothing', response_mode: 'form_post' }, 'invalid_scope'],
  ['a fragment response', { scope: 'nothing', response_mode: 'fragment' }, 'invalid_scope'],
]

describe('an error before any page', () => {
  test.each(mistakes)(
    'open redirector: %s is not redirected to a registered website',
    { tags: ['A-08'] },
    async (_, mistake, error) => {
      await using started = await start()
      const { server } = started
      const clients = [
        await register(server, websiteClient),
        { client_id: 'https://phishing.example/metadata.json' },
      ]
      for (const client of clients) {
        const parameters = { redirect_uri: website, ...mistake }
        const { url } = await authorizationRequest(server, client, parameters)
        const response = await fetch(url, { redirect: 'manual' })
        expect([response.status, response.headers.get('location')]).toEqual([400, null])
        const page = await response.text()
        // A form that submits itself would lead there too.
        expect(page).not.toContain('phishing.example')
        expect(page).toContain(`${error}:`)
        expect(page).toContain('Go back to the application and start again')
      }
    },
  )

  test.each(mistakes)(
    'open redirector: %s is redirected to a configured client and to the user’s machine',
    { tags: ['A-08'] },
    async (_, mistake, error) => {
      await using started = await start()
      const { server } = started
      const cases = [
        [{ client_id: 'configured' }, website],
        [await register(server), redirectUri],
        [await register(server, { redirect_uris: ['com.example.app:/cb'] }), 'com.example.app:/cb'],
      ] as const
      for (const [client, uri] of cases) {
        const parameters = { redirect_uri: uri, ...mistake }
        const { url } = await authorizationRequest(server, client, parameters)
        const response = await fetch(url, { redirect: 'manual' })
        const answer = response.headers.get('location') ?? (await response.text())
        expect(answer).toContain(uri)
        expect(answer).toContain(error)
      }
    },
  )
})

test(
  'open redirector: a website gets errors after a user has consented to it',
  { tags: ['A-08'] },
  async () => {
    await using started = await start()
    const { server } = started
    const client = await register(server, websiteClient)
    const browser = createBrowser(server.issuer)
    const parameters = { redirect_uri: website }
    const first = await authorizationRequest(server, client, parameters)
    const page = await browser.visit(first.url)
    expect(page.text).toContain('The response goes to <strong>phishing.example</strong>')
    const consent = await browser.submit(page, credentials)
    expect((await browser.submit(consent, { decision: 'allow' })).left?.origin).toBe(
      'https://phishing.example',
    )
    const mistaken = { ...parameters, scope: 'nothing' }
    const known = await authorizationRequest(server, client, mistaken)
    const answer = await fetch(known.url, { redirect: 'manual' })
    expect(answer.headers.get('location')).toMatch(/^https:\/\/phishing\.example\/.*invalid_scope/)
    // The consent does not count for another client with the same redirect URI.
    const other = await authorizationRequest(
      server,
      await register(server, websiteClient),
      mistaken,
    )
    expect((await fetch(other.url, { redirect: 'manual' })).status).toBe(400)
  },
)

test.each(['cancel', 'deny'])(
  'open redirector: after a page, the client gets the error, %s',
  { tags: ['A-08', 'A-10'] },
  async (decision) => {
    await using started = await start()
    const { server } = started
    const browser = createBrowser(server.issuer)
    const client = await register(server, websiteClient)
    const { url } = await authorizationRequest(server, client, { redirect_uri: website })
    const page = await browser.visit(url)
    const shown = decision === 'deny' ? await browser.submit(page, credentials) : page
    const { left } = await browser.submit(shown, { decision })
    expect(left?.origin).toBe('https://phishing.example')
    expect(left?.searchParams.get('error')).toBe('access_denied')
  },
)

test(
  'open redirector: signing out does not redirect to a registered website',
  { tags: ['A-08'] },
  async () => {
    await using started = await start()
    const { server } = started
    const client = await register(server, {
      ...websiteClient,
      post_logout_redirect_uris: [website],
    })
    const url = new URL('/session/end', server.issuer)
    url.search = new URLSearchParams({
      client_id: client.client_id,
      post_logout_redirect_uri: website,
    }).toString()
    const response = await fetch(url, { redirect: 'manual' })
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain('phishing.example')
  },
)
