import { startTrustingResource } from '@evergrant/test-kit'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { oauthProvider } from '@better-auth/oauth-provider'
import { betterAuth } from 'better-auth'
import type { BetterAuthPlugin } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import { signInThroughPages } from '../browser.ts'
import { listenOnLoopback } from '../loopback.ts'
import type { Peer } from './peer.ts'
import { resourceScope } from './peer.ts'

const user = { email: 'user@interop.test', password: randomBytes(16).toString('hex') }

/** better-auth with its OAuth provider, on SQLite in memory. Its two pages answer automatically. */
export async function startBetterAuth(): Promise<Peer> {
  const resource = await startTrustingResource(resourceScope)
  const { server, origin, close } = await listenOnLoopback()
  resource.protectedBy(origin)
  const database = new DatabaseSync(':memory:')
  const provider = oauthProvider({
    loginPage: '/pages/sign-in',
    consentPage: '/pages/consent',
    allowDynamicClientRegistration: true,
    allowUnauthenticatedClientRegistration: true,
    scopes: ['openid', 'offline_access', resourceScope],
    resources: [resource.url],
    clientRegistrationDefaultResources: [resource.url],
  })
  const auth = betterAuth({
    baseURL: origin,
    basePath: '/',
    secret: randomBytes(32).toString('base64url'),
    database,
    emailAndPassword: { enabled: true },
    // Its startup messages, before the tables exist, are not relevant.
    logger: { disabled: true },
    plugins: [
      jwt(),
      // A plugin of better-auth whose types conflict with exactOptionalPropertyTypes.
      provider as BetterAuthPlugin,
    ],
  })
  const { runMigrations } = await getMigrations(auth.options)
  await runMigrations()
  await auth.api.signUpEmail({ body: { ...user, name: 'User' } })

  /** Submits the form of a page, and redirects to the URL in the response. */
  async function answerPage(page: URL, request: IncomingMessage): Promise<Response> {
    const [endpoint, answers] =
      page.pathname === '/pages/sign-in'
        ? ['/sign-in/email', user]
        : ['/oauth2/consent', { accept: true }]
    const answer = await auth.handler(
      new Request(`${origin}${endpoint}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          origin,
          cookie: request.headers.cookie ?? '',
        },
        body: JSON.stringify({ ...answers, oauth_query: page.search.slice(1) }),
      }),
    )
    const headers = new Headers()
    for (const cookie of answer.headers.getSetCookie()) headers.append('set-cookie', cookie)
    const body: unknown = await answer.json()
    if (typeof body !== 'object' || body === null || !('url' in body)) {
      throw new Error(
        `better-auth's ${endpoint} answered with status ${answer.status} and no url (expected the next page).`,
      )
    }
    headers.set('location', String(body.url))
    return new Response(null, { status: 302, headers })
  }

  const handle = toNodeHandler(auth)
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin)
    if (!url.pathname.startsWith('/pages/')) {
      // Node's fetch sends the mode of a script, but this sign-in stands in for browser navigation.
      if (url.pathname === '/oauth2/authorize') request.headers['sec-fetch-mode'] = 'navigate'
      await handle(request, response)
      return
    }
    const { status, headers } = await answerPage(url, request)
    response.setHeaders(headers).writeHead(status).end()
  }
  server.on('request', (request, response) => {
    respond(request, response).catch((error: unknown) => {
      response.writeHead(500).end(error instanceof Error ? error.message : '')
    })
  })
  return {
    resource,
    signIn: signInThroughPages(),
    async close() {
      await close()
      database.close()
      await resource.close()
    },
  }
}
