import { describe, expect, test } from 'vitest'
import type { AuthorizationServerOptions } from '../../src/index.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { createBrowser } from '../browser.ts'
import type { Visited } from '../browser.ts'
import { credentials, startServerWithAccount } from '../server-with-account.ts'
import {
  authorizationRequest,
  presentation,
  redeem,
  redirectUri,
  register,
  resource,
} from '../support.ts'

/** A server with an account, and a browser on its first page. */
async function arrive(
  options: AuthorizationServerOptions = {},
  metadata: Record<string, string | readonly string[]> = {},
  parameters: Record<string, string | undefined> = {},
) {
  const { server, [Symbol.asyncDispose]: dispose } = await startServerWithAccount(options)
  const copied = Object.entries(metadata).map(
    ([name, value]) => [name, typeof value === 'string' ? value : [...value]] as const,
  )
  const [configured] = options.clients ?? []
  const client =
    configured === undefined
      ? await register(server, Object.fromEntries(copied))
      : { client_id: configured.client_id ?? '' }
  const authorization = await authorizationRequest(server, client, parameters)
  const browser = createBrowser(server.issuer)
  const page = await browser.visit(authorization.url)
  return {
    server,
    client,
    authorization,
    browser,
    page,
    [Symbol.asyncDispose]: dispose,
  }
}

/** Control characters, and marks that reorder or hide text. Not the line breaks of the pages. */
const marks = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u

function words({ text }: Visited): string {
  return text
    .replace(/<style>.*<\/style>/s, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
}

describe('signing in', () => {
  test(
    'sign-in: the user signs in and allows, and the client gets its tokens',
    { tags: ['A-10'] },
    async () => {
      await using visit = await arrive()
      const { server, client, authorization, browser } = visit
      expect(words(visit.page)).toContain('Sign in to continue to Test client')
      const consent = await browser.submit(visit.page, credentials)
      expect(words(consent)).toContain('Allow Test client to use your account?')
      const { left } = await browser.submit(consent, { decision: 'allow' })
      expect(left?.origin).toBe('http://127.0.0.1:7777')
      const tokens = await redeem(server, authorization, left ?? new URL('about:blank'))
      expect(tokens.scope).toBe('mcp:read')
      expect(await presentation(server, client, tokens.refresh_token ?? '')).toBe('ok')
    },
  )

  test(
    'sign-in: a wrong password and an unknown name get the same answer',
    { tags: ['A-10'] },
    async () => {
      await using visit = await arrive()
      for (const wrong of [{ password: 'wrong password' }, { username: 'mallory' }]) {
        const page = await visit.browser.submit(visit.page, { ...credentials, ...wrong })
        expect(page.status).toBe(422)
        expect(words(page)).toContain('This user name and password do not match')
        expect(page.text).not.toContain('wrong password')
      }
      // The page in the answer works.
      const again = await visit.browser.submit(visit.page, credentials)
      expect(words(again)).toContain('Allow Test client')
    },
  )

  test('sign-in: a signed-in user only sees the consent page', { tags: ['A-10'] }, async () => {
    await using visit = await arrive()
    const { server, client, browser } = visit
    await browser.submit(await browser.submit(visit.page, credentials), { decision: 'allow' })
    const page = await browser.visit((await authorizationRequest(server, client)).url)
    expect(words(page)).toContain('Allow Test client')
  })

  test.each([
    ['cancel', 'sign in', { decision: 'cancel' }],
    ['deny', 'consent', { decision: 'deny' }],
  ])(
    'sign-in: %s on the %s page notifies the client',
    { tags: ['A-10'] },
    async (_, where, answer) => {
      await using visit = await arrive()
      const { browser, authorization } = visit
      const page = where === 'consent' ? await browser.submit(visit.page, credentials) : visit.page
      const { left } = await browser.submit(page, answer)
      expect(left?.searchParams.get('error')).toBe('access_denied')
      expect(left?.searchParams.get('state')).toBe(authorization.state)
    },
  )

  test('sign-in: removing an account ends its sign-ins', { tags: ['A-11'] }, async () => {
    await using visit = await arrive()
    const { server, client, authorization, browser } = visit
    const consent = await browser.submit(visit.page, credentials)
    const { left } = await browser.submit(consent, { decision: 'allow' })
    const tokens = await redeem(server, authorization, left ?? new URL('about:blank'))
    const store = openSqliteStore(server.settings.databasePath)
    await store.accounts.remove('ALICE')
    await store.close()
    expect(await presentation(server, client, tokens.refresh_token ?? '')).toBe('invalid_grant')
  })
})

test(
  'consent page: with emulation that ignores resource, names the resource that is used',
  { tags: ['A-03', 'A-10'] },
  async () => {
    const resources = ['http://127.0.0.1:9/other', resource]
    // The product refuses registrations.
    const client = {
      client_id: 'known',
      client_name: 'Known client',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none' as const,
    }
    await using visit = await arrive({ emulate: 'keycloak', resources, clients: [client] })
    const { server, authorization, browser } = visit
    const consent = await browser.submit(visit.page, credentials)
    expect(words(consent)).toContain(`Used with ${resource}`)
    expect(words(consent)).not.toContain('/other')
    const { left } = await browser.submit(consent, { decision: 'allow' })
    const tokens = await redeem(server, authorization, left ?? new URL('about:blank'))
    expect(tokens.scope).toBe('mcp:read')
    expect(await presentation(server, client, tokens.refresh_token ?? '')).toBe('ok')
  },
)

test('consent page: says for how long the client stays signed in', { tags: ['A-10'] }, async () => {
  await using visit = await arrive({ refreshTokenLifetimeSeconds: 30 * 86_400 })
  const consent = await visit.browser.submit(visit.page, credentials)
  expect(words(consent)).toContain(
    'It stays signed in while you are away, for up to 30 days. You can end this at any time at',
  )
})

test.each([
  ['the policy never issues', { preset: 'never' }, {}, {}],
  ['offline_access was not requested', {}, {}, { scope: 'mcp:read' }],
  ['the client did not declare the grant', {}, { grant_types: ['authorization_code'] }, {}],
  [
    'risk vetoes',
    { assessRisk: () => ({ verdict: 'veto', because: 'unknown' }) as const },
    {},
    { scope: 'mcp:read offline_access' },
  ],
] as const)(
  'consent page: does not say that the client stays signed in when %s',
  { tags: ['A-01', 'A-10'] },
  async (_, options, metadata, parameters) => {
    await using visit = await arrive(options, metadata, parameters)
    const { server, authorization, browser } = visit
    const consent = await browser.submit(visit.page, credentials)
    expect(words(consent)).not.toContain('while you are away')
    expect(words(consent)).toContain('You will be asked again when this access expires.')
    const { left } = await browser.submit(consent, { decision: 'allow' })
    const tokens = await redeem(server, authorization, left ?? new URL('about:blank'))
    expect(tokens.refresh_token).toBeUndefined()
  },
)

test(
  'consent page: names the client, redirect host, resource and scopes',
  { tags: ['A-09', 'A-10'] },
  async () => {
    await using visit = await arrive({}, {}, { scope: 'openid mcp:read mcp:admin offline_access' })
    const consent = words(await visit.browser.submit(visit.page, credentials))
    expect(consent).toContain('The response goes to 127.0.0.1:7777')
    expect(consent).toContain(`Used with ${resource}`)
    expect(consent).toContain('Signed in as alice')
    expect(consent).toContain('Know which account you signed in with')
    expect(consent).toContain('Read data through the tools of this server')
    expect(consent).toContain('Administer this server')
    expect(consent).not.toContain('Change data through')
    expect(consent).toContain('is not verified')
  },
)

test('consent page: uses the scope descriptions of the operator', { tags: ['A-10'] }, async () => {
  await using visit = await arrive(
    {
      resourceScopes: ['files:read', 'toString'],
      scopeDescriptions: { 'files:read': 'Read <your> files' },
    },
    {},
    { scope: 'files:read toString' },
  )
  const consent = await visit.browser.submit(visit.page, credentials)
  expect(consent.text).toContain('Read &lt;your&gt; files')
  expect(words(consent)).toContain('Use the permission “toString”')
})

test('consent page: names every resource', { tags: ['A-10'] }, async () => {
  const other = 'http://127.0.0.1:9/other'
  await using visit = await arrive({ resources: [resource, other] })
  const { url } = await authorizationRequest(visit.server, visit.client)
  url.searchParams.append('resource', other)
  const consent = await visit.browser.submit(await visit.browser.visit(url), credentials)
  expect(words(consent)).toContain(`Used with ${resource} ${other} Signed in as`)
})

test('consent page: warns when the response goes to this machine', { tags: ['A-09'] }, async () => {
  await using loopback = await arrive()
  expect(words(await loopback.browser.submit(loopback.page, credentials))).toContain(
    'Any program on it can claim to be Test client',
  )
  const uri = 'https://client.example/callback'
  await using web = await arrive({}, { redirect_uris: [uri] }, { redirect_uri: uri })
  const consent = await web.browser.submit(web.page, credentials)
  expect(words(consent)).not.toContain('Any program')
  expect(words(consent)).toContain('The response goes to client.example')
})

test(
  'consent page: the warning depends on the redirect URI of the request only',
  { tags: ['A-09'] },
  async () => {
    const unowned = 'https://unowned.example/callback'
    const loopback = 'http://127.0.0.1:7777/callback'
    const app = 'com.example.app://accounts.example/callback'
    const metadata = { redirect_uris: [loopback, unowned, app] }
    const warning = 'Any program on it can claim to be Test client'
    for (const [uri, target] of [
      [loopback, '127.0.0.1:7777'],
      // `accounts.example` is not a host here.
      [app, 'com.example.app:'],
    ] as const) {
      await using visit = await arrive({}, metadata, { redirect_uri: uri })
      const consent = words(await visit.browser.submit(visit.page, credentials))
      expect(consent).toContain(warning)
      expect(consent).toContain(`The response goes to ${target} Used with`)
    }
    await using web = await arrive({}, metadata, { redirect_uri: unowned })
    expect(words(await web.browser.submit(web.page, credentials))).not.toContain(warning)
  },
)

test('consent page: names the host of the metadata document', { tags: ['A-09'] }, async () => {
  const clientId = 'https://client.example/metadata.json'
  await using visit = await arrive({
    fetch: async () =>
      Response.json({
        client_id: clientId,
        client_name: 'Document client',
        redirect_uris: ['http://127.0.0.1:7777/callback'],
      }),
  })
  const { url } = await authorizationRequest(visit.server, { client_id: clientId })
  const consent = await visit.browser.submit(await visit.browser.visit(url), credentials)
  expect(words(consent)).toContain('Published at client.example')
})

describe('safety of the pages', () => {
  test('pages: have no script, load nothing and cannot be framed', { tags: ['A-10'] }, async () => {
    await using visit = await arrive()
    const consent = await visit.browser.submit(visit.page, credentials)
    for (const { headers, text } of [visit.page, consent]) {
      const policy = headers.get('content-security-policy')
      expect(policy).toContain("default-src 'none'")
      // Browsers would apply it to the redirects after the form, also those of the application.
      expect(policy).not.toContain('form-action')
      // A sign-in in a separate window can message the page that opened it.
      expect(headers.get('cross-origin-opener-policy')).toBeNull()
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(text).not.toMatch(/<script|javascript:| on[a-z]+=|src=|@import|url\(/i)
      expect(text).toContain('<html lang="en">')
    }
  })

  test('pages: the client name is text, not markup', { tags: ['A-10'] }, async () => {
    const name = '<img src=x onerror=alert(1)>"\'&'
    await using visit = await arrive({}, { client_name: name })
    const consent = await visit.browser.submit(visit.page, credentials)
    for (const { text } of [visit.page, consent]) {
      expect(text).not.toContain('<img')
      expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;')
    }
  })

  test.each([
    ['reordering', 'Good\u202eBank\u2066app', 'Good Bank app'],
    ['hiding', '\u200bGo\u200dod\ufeff', 'Go od'],
    ['truncating', 'Good\0\u001b[31m\u2028app\u0085', 'Good [31m app'],
  ])(
    'pages: the client name cannot affect the text around it by %s',
    { tags: ['A-09', 'A-10'] },
    async (_, name, shown) => {
      await using visit = await arrive({}, { client_name: name })
      const consent = await visit.browser.submit(visit.page, credentials)
      for (const { text } of [visit.page, consent]) {
        expect(text).not.toMatch(marks)
        expect(text).toContain(`<bdi>${shown}</bdi>`)
      }
      expect(consent.text).toContain(`<title>Allow ${shown}?</title>`)
      await visit.browser.submit(consent, { decision: 'allow' })
      const account = await visit.browser.visit('/account')
      expect(account.text).not.toMatch(marks)
    },
  )

  test.each(['\u200b\u2060', '\u3164\u2800', '\0', ' '])(
    'pages: a client with the invisible name %j is shown by its ID',
    { tags: ['A-09', 'A-10'] },
    async (name) => {
      await using visit = await arrive({}, { client_name: name })
      const consent = await visit.browser.submit(visit.page, credentials)
      expect(words(consent)).toContain(`Allow ${visit.client.client_id} to use your account?`)
    },
  )

  test('sign-in page: says where Cancel leads', { tags: ['A-09'] }, async () => {
    await using visit = await arrive()
    expect(words(visit.page)).toContain('The response goes to 127.0.0.1:7777')
  })

  test.each([
    ['without its token', { csrf: undefined }, {}],
    ['with a token of another form', { csrf: 'x'.repeat(43) }, {}],
    ['from another origin', {}, { origin: 'https://evil.example' }],
    ['of another content type', {}, { 'content-type': 'text/plain' }],
    ['with a field of 20 KB', { username: 'x'.repeat(20_000) }, {}],
  ])('pages: a form %s is not accepted', { tags: ['A-10'] }, async (_, fields, headers) => {
    await using visit = await arrive()
    const { csrf, ...rest } = { csrf: 'keep', ...fields }
    const answer = { ...credentials, ...rest, ...(csrf === 'keep' ? {} : { csrf }) }
    const refused = await visit.browser.submit(visit.page, answer, headers)
    expect(refused.status).toBe(403)
    // The same page still works.
    const consent = await visit.browser.submit(visit.page, credentials)
    expect(words(consent)).toContain('Allow Test client')
  })

  test('pages: a page of one browser does not work in another', { tags: ['A-10'] }, async () => {
    await using visit = await arrive()
    const otherBrowser = createBrowser(visit.server.issuer)
    const refused = await otherBrowser.submit(visit.page, credentials)
    expect(refused.status).toBe(400)
    expect(words(refused)).toContain('This sign-in has ended')
  })

  test('pages: a finished page says so', { tags: ['A-10'] }, async () => {
    await using visit = await arrive()
    const consent = await visit.browser.submit(visit.page, credentials)
    await visit.browser.submit(consent, { decision: 'allow' })
    const again = await visit.browser.submit(consent, { decision: 'allow' })
    expect(again.status).toBe(400)
    expect(words(again)).toContain('start again')
  })
})
