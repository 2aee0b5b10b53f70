import { PublicClientApplication } from '@azure/msal-node'
import { createSession, createTokenManager } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { OAuth2Client } from 'google-auth-library'
import { Bench } from 'tinybench'
import { round, table } from './report.ts'

type GetToken = () => Promise<unknown>

/** A single call takes less time than reading the clock before and after it. */
const callsInARow = 100

async function inARow(getToken: GetToken): Promise<void> {
  for (let call = 0; call < callsInARow; call += 1) await getToken()
}

/** How long it takes to get a stored, valid token. */
export async function benchGoodToken(): Promise<void> {
  const ours = await ourTokens()
  const subjects: Readonly<Record<string, GetToken>> = {
    'Evergrant `TokenManager.getAccessToken()`': ours.manager,
    'Evergrant `Session.getAccessToken()`': ours.session,
    'google-auth-library `OAuth2Client.getAccessToken()`': googleToken(),
    '@azure/msal-node `acquireTokenSilent()`': await microsoftToken(),
  }
  const bench = new Bench({ time: 1000, warmupTime: 300 })
  for (const [name, getToken] of Object.entries(subjects)) {
    bench.add(name, () => inARow(getToken), { async: true })
  }
  await bench.run()
  const measured = bench.tasks.map(({ name, result }) => {
    if (!('throughput' in result)) throw new Error(`${name} could not be measured.`)
    return { name, nanoseconds: (result.latency.mean * 1e6) / callsInARow }
  })
  const first = measured[0]?.nanoseconds ?? Number.NaN
  table(
    `A valid token: time of one call, of ${callsInARow} in a row`,
    ['', 'mean', 'ratio'],
    measured.map(({ name, nanoseconds }) => [
      name,
      `${round(nanoseconds)} ns`,
      `${round(nanoseconds / first)}×`,
    ]),
  )
  // The measured calls must have used memory only.
  if (ours.requests() !== 0) throw new Error('A call for a valid token used the network.')
}

async function ourTokens(): Promise<{
  readonly manager: GetToken
  readonly session: GetToken
  readonly requests: () => number
}> {
  await using as = await startScriptedAuthorizationServer()
  await using mcp = await startProtectedServer(as, { scopesSupported: ['mcp:read'] })
  const store = memoryStore()
  const session = createSession(mcp.resource, {
    store,
    client: { name: 'bench' },
    signIn: headlessSignIn(),
  })
  const { identity } = await session.signIn()
  const manager = await createTokenManager(identity, {
    store,
    exchange: () => Promise.reject(new Error('A valid token needs no exchange.')),
  })
  await manager.getAccessToken()
  return {
    manager: () => manager.getAccessToken(),
    session: () => session.getAccessToken(),
    requests: () => as.refreshRequests(),
  }
}

function googleToken(): GetToken {
  const client = new OAuth2Client({ clientId: 'client-1' })
  client.setCredentials({
    access_token: 'an-access-token-of-usual-length'.repeat(20),
    refresh_token: 'a-refresh-token',
    expiry_date: Date.now() + 3_600_000,
  })
  return () => client.getAccessToken()
}

/** Fills the cache of MSAL through its API, with a token endpoint inside the process. */
async function microsoftToken(): Promise<GetToken> {
  const tenant = '11111111-1111-1111-1111-111111111111'
  const authority = `https://login.microsoftonline.com/${tenant}`
  const endpoint = `${authority}/oauth2/v2.0`
  const scopes = ['api://mcp/read']
  let tokenRequests = 0
  const app = new PublicClientApplication({
    auth: {
      clientId: '22222222-2222-2222-2222-222222222222',
      authority,
      authorityMetadata: JSON.stringify({
        issuer: `${authority}/v2.0`,
        authorization_endpoint: `${endpoint}/authorize`,
        token_endpoint: `${endpoint}/token`,
        jwks_uri: `${authority}/discovery/v2.0/keys`,
      }),
      cloudDiscoveryMetadata: JSON.stringify({
        tenant_discovery_endpoint: `${authority}/v2.0/.well-known/openid-configuration`,
        metadata: [
          {
            preferred_network: 'login.microsoftonline.com',
            preferred_cache: 'login.windows.net',
            aliases: ['login.microsoftonline.com', 'login.windows.net'],
          },
        ],
      }),
    },
    system: {
      networkClient: {
        sendGetRequestAsync: () => Promise.reject(new Error('Unexpected discovery request.')),
        sendPostRequestAsync() {
          tokenRequests += 1
          const body = {
            token_type: 'Bearer',
            scope: scopes.join(' '),
            expires_in: 3600,
            access_token: 'an-access-token-of-usual-length'.repeat(20),
            refresh_token: 'a-refresh-token',
            id_token: idToken(tenant),
            client_info: base64({ uid: '33333333-3333-3333-3333-333333333333', utid: tenant }),
          }
          // The library declares the type of the response, which it does not check.
          return Promise.resolve({ headers: {}, body: body as never, status: 200 })
        },
      },
    },
  })
  const signedIn = await app.acquireTokenByRefreshToken({
    refreshToken: 'first',
    scopes,
    forceCache: true,
  })
  const account = signedIn?.account
  if (account === undefined || account === null) throw new Error('MSAL cached no account.')
  const requestsBefore = tokenRequests
  const silent = await app.acquireTokenSilent({ account, scopes })
  if (!silent.fromCache || tokenRequests !== requestsBefore) {
    throw new Error('MSAL did not answer from its cache.')
  }
  return () => app.acquireTokenSilent({ account, scopes })
}

function idToken(tenant: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: `https://login.microsoftonline.com/${tenant}/v2.0`,
    aud: '22222222-2222-2222-2222-222222222222',
    sub: 'user-1',
    oid: '33333333-3333-3333-3333-333333333333',
    tid: tenant,
    preferred_username: 'user@example.com',
    iat: now,
    exp: now + 3600,
  }
  return `${base64({ alg: 'none', typ: 'JWT' })}.${base64(claims)}.c2lnbmF0dXJl`
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
