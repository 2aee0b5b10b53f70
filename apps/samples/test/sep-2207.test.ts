import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { headlessSignIn } from '@evergrant/client/headless'
import { jsonBody } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import * as after from '../src/after-sep-2207.ts'
import * as before from '../src/before-sep-2207.ts'
import { startScene } from './support.ts'

const src = path.resolve(import.meta.dirname, '../src')
const redirectUri = 'http://127.0.0.1/callback'
// RFC 7636, appendix B
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

test.each(['oidc', 'oauth21', 'either'] as const)(
  'sep-2207: only the new version gets a refresh token at a server with the %s policy',
  { tags: ['C-01', 'C-02', 'A-02'] },
  async (preset) => {
    await using it = await startScene({ preset })
    expect(await signIn(before, it.as.issuer, it.server.resource)).not.toHaveProperty(
      'refresh_token',
    )
    expect(await signIn(after, it.as.issuer, it.server.resource)).toHaveProperty(
      'refresh_token',
      expect.any(String),
    )
  },
)

test(
  'sep-2207: offline_access is requested only if the authorization server lists it',
  { tags: ['C-04'] },
  () => {
    const parameters = {}
    const server = { authorization_endpoint: 'https://as.test/authorize' }
    const listing = { ...server, scopes_supported: ['mcp:read', 'offline_access'] }
    expect(scopeOf(before.authorizationUrl(listing, ['mcp:read'], parameters))).toBe('mcp:read')
    expect(scopeOf(after.authorizationUrl(server, ['mcp:read'], parameters))).toBe('mcp:read')
    expect(scopeOf(after.authorizationUrl(listing, ['mcp:read'], parameters))).toBe(
      'mcp:read offline_access',
    )
  },
)

test('sep-2207: the client metadata declares the refresh_token grant', { tags: ['C-01'] }, () => {
  expect(before.clientMetadata(redirectUri)).toMatchObject({ grant_types: ['authorization_code'] })
  expect(after.clientMetadata(redirectUri)).toMatchObject({
    grant_types: ['authorization_code', 'refresh_token'],
  })
})

test('sep-2207: the published diff equals the difference between the two files', async () => {
  const diff = (await readFile(path.join(src, 'sep-2207.diff'), 'utf8')).trimEnd().split('\n')
  function side(sign: string): string[] {
    return diff.filter((line) => !line.startsWith(sign)).map((line) => line.slice(1))
  }
  expect(side('+')).toEqual(await region('before-sep-2207.ts'))
  expect(side('-')).toEqual(await region('after-sep-2207.ts'))
})

async function region(file: string): Promise<string[]> {
  const text = await readFile(path.join(src, file), 'utf8')
  const [, code = ''] = /\/\/ #region client\n([\s\S]*)\n\/\/ #endregion client/.exec(text) ?? []
  return code.split('\n')
}

function scopeOf(url: URL): string | null {
  return url.searchParams.get('scope')
}

/** A complete sign-in with the two functions: register, authorize, exchange. */
async function signIn(client: typeof before, issuer: string, resource: string): Promise<unknown> {
  const metadata = await jsonBody(await fetch(`${issuer}/.well-known/oauth-authorization-server`))
  const { registration_endpoint, token_endpoint, authorization_endpoint, scopes_supported } =
    metadata as Record<string, string> & { scopes_supported: string[] }
  const registered = await post(String(registration_endpoint), 'application/json', {
    body: JSON.stringify(client.clientMetadata(redirectUri)),
  })
  const { client_id } = registered as { client_id: string }
  const url = client.authorizationUrl(
    { authorization_endpoint: String(authorization_endpoint), scopes_supported },
    ['mcp:read'],
    {
      client_id,
      redirect_uri: redirectUri,
      resource,
      state: 'state',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    },
  )
  const prepared = await headlessSignIn({ redirectUri }).prepare()
  const callback = new URL(await prepared.authorize(url.href))
  return await post(String(token_endpoint), 'application/x-www-form-urlencoded', {
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      client_id,
      redirect_uri: redirectUri,
      resource,
      code_verifier: verifier,
    }).toString(),
  })
}

async function post(
  url: string,
  contentType: string,
  { body }: { body: string },
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
  })
  expect(response.ok, `${url} answered ${response.status}`).toBe(true)
  return await jsonBody(response)
}
