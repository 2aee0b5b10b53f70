import { createHash } from 'node:crypto'
import { headlessSignIn } from '@evergrant/client/headless'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { emulatedServers } from '@evergrant/reference-as/emulation'
import { describe, expect, test } from 'vitest'
import {
  createAuthorizationServer,
  preregisteredClientId,
} from '../src/server/authorization-server.ts'
import { resource, resourceScope } from '../src/server/mcp-server.ts'
import { endpointsOf, listedScopes } from '../src/server/metadata.ts'
import { productRules } from '../src/server/product-rules.ts'

/** What a client sees of a server: the issuance, one refresh, and the second use of a token. */
interface Observed {
  readonly authorization: string
  readonly hasRefreshToken?: boolean
  readonly refresh?: number
  readonly isRotated?: boolean
  readonly reuse?: number
}

type Post = (
  form: Readonly<Record<string, string>>,
) => Promise<{ status: number; body: Record<string, unknown> }>

/** One server, under the simulation or the reference server. */
interface Server {
  readonly authorizationEndpoint: string
  readonly redirectUri: string
  readonly resource: string
  authorize(url: string): Promise<URL>
  readonly post: Post
}

const verifier = 'v'.repeat(43)
const challenge = createHash('sha256').update(verifier).digest('base64url')

async function observe(
  server: Server,
  parameters: Readonly<Record<string, string>>,
): Promise<Observed> {
  const url = new URL(server.authorizationEndpoint)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: preregisteredClientId,
    redirect_uri: server.redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'state',
    ...parameters,
  }).toString()
  const { searchParams } = await server.authorize(url.href)
  const error = searchParams.get('error')
  if (error !== null) return { authorization: error }
  const withResource = 'resource' in parameters ? { resource: server.resource } : {}
  const code = await server.post({
    grant_type: 'authorization_code',
    code: searchParams.get('code') ?? '',
    redirect_uri: server.redirectUri,
    code_verifier: verifier,
    client_id: preregisteredClientId,
    ...withResource,
  })
  if (code.status !== 200) return { authorization: `code: ${code.status}` }
  const first = code.body['refresh_token']
  if (typeof first !== 'string') return { authorization: 'code', hasRefreshToken: false }
  const redeem = (refreshToken: string) =>
    server.post({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: preregisteredClientId,
      ...withResource,
    })
  const refreshed = await redeem(first)
  const second = refreshed.body['refresh_token'] ?? first
  // The successor is used, so that no grace of the product applies to the first token.
  if (typeof second === 'string') await redeem(second)
  const reused = await redeem(first)
  return {
    authorization: 'code',
    hasRefreshToken: true,
    refresh: refreshed.status,
    isRotated: second !== first,
    reuse: reused.status,
  }
}

const requests = [
  { scope: resourceScope, resource },
  { scope: `${resourceScope} offline_access`, resource },
  { scope: `${resourceScope} offline_access`, resource, prompt: 'consent' },
  { scope: resourceScope, resource, prompt: 'consent', access_type: 'offline' },
  { resource },
] as const

describe.each(emulatedServers)('agreement: $name', (emulated) => {
  test('the simulated server answers as the reference server with --emulate does', async () => {
    const reference = await startAuthorizationServer({
      demo: true,
      databasePath: ':memory:',
      emulate: emulated.name,
      localClients: [preregisteredClientId],
    })
    try {
      const metadata = await readMetadata(reference.issuer)
      const rules = productRules(emulated)
      expect(listsOfflineAccess(metadata['scopes_supported'])).toBe(
        rules.emulation.scopesSupported && listsOfflineAccess(listedScopes(rules)),
      )
      const loopback = 'http://127.0.0.1:9/mcp'
      const signIn = await headlessSignIn().prepare()
      const real: Server = {
        authorizationEndpoint: String(metadata['authorization_endpoint']),
        redirectUri: signIn.redirectUri,
        resource: loopback,
        authorize: async (url) => new URL(await signIn.authorize(url)),
        post: async (form) => {
          const response = await fetch(String(metadata['token_endpoint']), {
            method: 'POST',
            body: new URLSearchParams(form),
          })
          return { status: response.status, body: parse(await response.text()) }
        },
      }
      for (const request of requests) {
        const simulated = simulatedServer(rules)
        const expected = await observe(real, { ...request, resource: loopback })
        expect({ request, ...(await observe(simulated, request)) }).toEqual({
          request,
          ...expected,
        })
      }
    } finally {
      await reference.close()
    }
  })
})

function simulatedServer(rules: ReturnType<typeof productRules>): Server {
  const as = createAuthorizationServer(rules, { nowEpochSeconds: () => 1_800_000_000 })
  const endpoints = endpointsOf(rules)
  return {
    authorizationEndpoint: endpoints.authorization,
    redirectUri: 'http://127.0.0.1/callback',
    resource,
    authorize: async (url) => new URL(as.authorize(url)),
    post: async (form) => {
      const body = new URLSearchParams(form).toString()
      const url = new URL(endpoints.token)
      const answer = await as.answer({ method: 'POST', url, headers: new Headers(), body })
      return { status: answer.status, body: parse(answer.body) }
    },
  }
}

async function readMetadata(issuer: string): Promise<Record<string, unknown>> {
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    const response = await fetch(`${issuer}/.well-known/${name}`)
    const isJson = response.headers.get('content-type')?.includes('json') === true
    if (response.ok && isJson) return parse(await response.text())
  }
  throw new Error('The reference server has no metadata.')
}

function listsOfflineAccess(scopes: unknown): boolean {
  return Array.isArray(scopes) && scopes.includes('offline_access')
}

function parse(text: string): Record<string, unknown> {
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}
