/**
 * better-auth with its OAuth provider on SQLite in memory: one sign-in for each chain, the same kind
 * of access token as the reference server. Prints its issuer and the tokens.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { oauthProvider } from '@better-auth/oauth-provider'
import { betterAuth } from 'better-auth'
import type { BetterAuthPlugin } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'

const chains = Number(process.argv[2])
const resource = 'http://127.0.0.1:9/mcp'
const redirectUri = 'http://127.0.0.1:7777/callback'
const scope = 'mcp:read offline_access'

const server = createServer()
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve)
})
const address = server.address()
if (address === null || typeof address === 'string') throw new Error('expected a port')
const issuer = `http://127.0.0.1:${address.port}`
const provider = oauthProvider({
  loginPage: '/sign-in',
  consentPage: '/consent',
  allowDynamicClientRegistration: true,
  allowUnauthenticatedClientRegistration: true,
  scopes: ['openid', 'offline_access', 'mcp:read'],
  resources: [resource],
  clientRegistrationDefaultResources: [resource],
  accessTokenExpiresIn: 300,
})
const auth = betterAuth({
  baseURL: issuer,
  basePath: '/',
  secret: randomBytes(32).toString('base64url'),
  database: new DatabaseSync(':memory:'),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  logger: { disabled: true },
  plugins: [
    jwt({ jwks: { keyPairConfig: { alg: 'ES256' } } }),
    // A plugin of better-auth itself. Its declaration does not compile with exactOptionalPropertyTypes.
    provider as BetterAuthPlugin,
  ],
})
const { runMigrations } = await getMigrations(auth.options)
await runMigrations()
const handle = toNodeHandler(auth)
server.on('request', (request, response) => void handle(request, response))

const signUp = await post('/sign-up/email', {
  name: 'User',
  email: 'user@bench.test',
  password: randomBytes(16).toString('hex'),
})
const cookie = signUp.headers
  .getSetCookie()
  .map((line) => line.split(';')[0])
  .join('; ')
const { client_id: clientId } = await jsonOf(
  post('/oauth2/register', {
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    scope,
  }),
)
const refreshTokens: string[] = []
for (const _ of Array.from({ length: chains })) refreshTokens.push(await signIn())
process.stdout.write(`${JSON.stringify({ issuer, clientId, resource, refreshTokens })}\n`)

async function signIn(): Promise<string> {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId ?? '',
    redirect_uri: redirectUri,
    scope,
    resource,
    state: 'bench',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const asked = await jsonOf(
    auth.handler(
      new Request(`${issuer}/oauth2/authorize?${query.toString()}`, {
        headers: { cookie, accept: 'application/json' },
      }),
    ),
  )
  // The consent page of the first sign-in. The consent is stored for the next ones.
  let callback = new URL(asked['url'] ?? '', issuer)
  if (callback.pathname === '/consent') {
    const agreed = await jsonOf(
      post('/oauth2/consent', { accept: true, oauth_query: callback.search.slice(1) }, cookie),
    )
    callback = new URL(agreed['url'] ?? '')
  }
  const tokens = await jsonOf(
    auth.handler(
      new Request(`${issuer}/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: callback.searchParams.get('code') ?? '',
          client_id: clientId ?? '',
          redirect_uri: redirectUri,
          code_verifier: verifier,
          resource,
        }),
      }),
    ),
  )
  if (tokens['refresh_token'] === undefined) throw new Error('expected a refresh token')
  return tokens['refresh_token']
}

function post(path: string, body: object, withCookie = ''): Promise<Response> {
  return auth.handler(
    new Request(`${issuer}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: issuer, cookie: withCookie },
      body: JSON.stringify(body),
    }),
  )
}

async function jsonOf(
  response: Promise<Response>,
): Promise<Readonly<Record<string, string | undefined>>> {
  return (await (await response).json()) as Record<string, string | undefined>
}
