import { expect, test } from 'vitest'
import { hashPassword } from '../../src/accounts/accounts.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { createBrowser } from '../browser.ts'
import type { Visited } from '../browser.ts'
import {
  authorizationRequest,
  presentation,
  redeem,
  redirectUri,
  register,
  resource,
  startServer,
  temporaryFolder,
} from '../support.ts'

const password = 'correct horse'
const hash = hashPassword(password)
const otherResource = 'https://files.example/mcp'

/** A server with two accounts. */
async function start() {
  const folder = temporaryFolder()
  const databasePath = folder.file('as.db')
  const store = openSqliteStore(databasePath)
  for (const username of ['alice', 'bob']) {
    await store.accounts.add({ id: `id-${username}`, username, passwordHash: await hash })
  }
  await store.close()
  const server = await startServer({
    demo: false,
    resources: [resource, otherResource],
    databasePath,
  })

  return {
    server,
    /** Signs a user in for an application, and returns what the application gets. */
    async allow(
      browser: ReturnType<typeof createBrowser>,
      username: string,
      clientName: string,
      resources: readonly string[] = [resource],
    ) {
      const client = await register(server, { client_name: clientName })
      const authorization = await authorizationRequest(server, client, { resource: undefined })
      for (const one of resources) authorization.url.searchParams.append('resource', one)
      let page = await browser.visit(authorization.url)
      if (page.text.includes('name="password"')) {
        page = await browser.submit(page, { username, password, decision: 'sign-in' })
      }
      const { left } = await browser.submit(page, { decision: 'allow' })
      const answer = left ?? new URL('about:blank')
      const [first = ''] = resources
      const tokens = await redeem(server, authorization, answer, redirectUri, { resource: first })
      return { client, refreshToken: tokens.refresh_token ?? '' }
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      folder[Symbol.dispose]()
    },
  }
}

function grantOf(page: Visited, clientName: string): string {
  const section = page.text.split('<section').find((part) => part.includes(clientName)) ?? ''
  return /name="grant" value="([^"]+)"/.exec(section)?.[1] ?? ''
}

test(
  'account page: lists applications that stay signed in, and ends the access of one',
  { tags: ['A-10', 'A-11'] },
  async () => {
    await using started = await start()
    const { server } = started
    const browser = createBrowser(server.issuer)
    const first = await started.allow(browser, 'alice', 'First app')
    const second = await started.allow(browser, 'alice', 'Second app')

    const page = await browser.visit('/account')
    expect(page.text).toContain('First app')
    expect(page.text).toContain('Second app')
    expect(page.text).toContain('Read data through the tools of this server')
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self';")

    const after = await browser.submit(page, { grant: grantOf(page, 'First app') })
    expect(after.text).toContain('The sign-in has ended')
    expect(after.text).not.toContain('First app')
    expect(await presentation(server, first.client, first.refreshToken)).toBe('invalid_grant')
    expect(await presentation(server, second.client, second.refreshToken)).toBe('ok')
  },
)

test('account page: names all resources of a sign-in', { tags: ['A-10'] }, async () => {
  await using started = await start()
  const { server } = started
  const browser = createBrowser(server.issuer)
  await started.allow(browser, 'alice', 'App', [resource, otherResource])
  const { text } = await browser.visit('/account')
  expect(text).toContain(`For ${resource}<`)
  expect(text).toContain(`For ${otherResource}<`)
})

test('account page: users cannot end the sign-ins of others', { tags: ['A-10'] }, async () => {
  await using started = await start()
  const { server } = started
  const alice = createBrowser(server.issuer)
  const bob = createBrowser(server.issuer)
  const held = await started.allow(alice, 'alice', 'Alice app')
  const hers = await alice.visit('/account')
  await started.allow(bob, 'bob', 'Bob app')
  const his = await bob.visit('/account')
  expect(his.text).not.toContain('Alice app')

  const refused = await bob.submit(his, { grant: grantOf(hers, 'Alice app') })
  expect(refused.text).not.toContain('The sign-in has ended')
  const forged = await alice.submit(his, { grant: grantOf(hers, 'Alice app') })
  expect(forged.status).toBe(403)
  const foreign = await alice.submit(
    hers,
    { grant: grantOf(hers, 'Alice app') },
    { origin: 'https://evil.example' },
  )
  expect(foreign.status).toBe(403)
  expect(await presentation(server, held.client, held.refreshToken)).toBe('ok')
})

test(
  'account page: signing in there is a sign-in for applications too',
  { tags: ['A-10'] },
  async () => {
    await using started = await start()
    const { server } = started
    const browser = createBrowser(server.issuer)
    const page = await browser.visit('/account')
    const wrong = await browser.submit(page, { username: 'alice', password: 'wrong password' })
    expect(wrong.status).toBe(422)
    const grants = await browser.submit(page, { username: 'alice', password })
    expect(grants.text).toContain('No application stays signed in')
    const { url } = await authorizationRequest(server, await register(server))
    expect((await browser.visit(url)).text).toContain('to use your account?')
  },
)
