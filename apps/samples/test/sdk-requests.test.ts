import { auth as authV2 } from '@modelcontextprotocol/client'
import { auth as authV1 } from '@modelcontextprotocol/sdk/client/auth.js'
import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'

/** What the OAuth of an SDK sends for an application that sets nothing about refresh tokens. */
interface SdkRequests {
  readonly grantTypes: unknown
  readonly applicationType: unknown
  readonly scope: string | null
  readonly prompt: string | null
}

type SignIn = (
  serverUrl: string,
  scope: string,
  grantTypes: readonly string[] | undefined,
) => Promise<URL>

const redirectUri = 'http://127.0.0.1:1/callback'

/** The shortest provider that either SDK accepts: it keeps everything in memory. */
function providerOf(grantTypes: readonly string[] | undefined) {
  const kept: Record<string, unknown> = {}
  return {
    redirectUrl: redirectUri,
    clientMetadata: {
      client_name: 'App',
      redirect_uris: [redirectUri],
      ...(grantTypes === undefined ? {} : { grant_types: [...grantTypes] }),
    },
    clientInformation: () => kept['client'] as { client_id: string; issuer: string } | undefined,
    saveClientInformation: (client: object) => void (kept['client'] = client),
    tokens: () => undefined,
    saveTokens: () => undefined,
    redirectToAuthorization: (url: URL) => void (kept['url'] = url),
    saveCodeVerifier: () => undefined,
    codeVerifier: () => '',
    url: () => kept['url'] as URL,
  }
}

const sdkV1: SignIn = async (serverUrl, scope, grantTypes) => {
  const provider = providerOf(grantTypes)
  await authV1(provider, { serverUrl, scope })
  return provider.url()
}

const sdkV2: SignIn = async (serverUrl, scope, grantTypes) => {
  const provider = providerOf(grantTypes)
  await authV2(provider, { serverUrl, scope })
  return provider.url()
}

async function requestsOf(
  signIn: SignIn,
  {
    scope = 'mcp:read',
    grantTypes,
    listed = true,
  }: { scope?: string; grantTypes?: readonly string[]; listed?: boolean } = {},
): Promise<SdkRequests> {
  await using as: ScriptedAuthorizationServer = await startScriptedAuthorizationServer({
    scopesSupported: listed ? ['mcp:read', 'offline_access'] : ['mcp:read'],
  })
  await using server = await startProtectedServer(as)
  const { searchParams } = await signIn(server.resource, scope, grantTypes)
  const registration = as.requests.find((request) => request.endpoint === 'register')
  const registered = Object.entries(registration?.json ?? {})
  const memberOf = (name: string): unknown => registered.find(([member]) => member === name)?.[1]
  return {
    grantTypes: memberOf('grant_types'),
    applicationType: memberOf('application_type'),
    scope: searchParams.get('scope'),
    prompt: searchParams.get('prompt'),
  }
}

const both = ['authorization_code', 'refresh_token']

test('sdk 1.x: declares no refresh_token grant and requests no offline_access by default', async () => {
  expect(await requestsOf(sdkV1)).toEqual({
    grantTypes: undefined,
    applicationType: undefined,
    scope: 'mcp:read',
    prompt: null,
  })
})

test('sdk 1.x: requests no offline_access even if the application declares the grant', async () => {
  expect(await requestsOf(sdkV1, { grantTypes: both })).toMatchObject({
    grantTypes: both,
    scope: 'mcp:read',
    prompt: null,
  })
})

test('sdk 1.x: sends prompt=consent if the application requests offline_access', async () => {
  expect(await requestsOf(sdkV1, { scope: 'mcp:read offline_access' })).toMatchObject({
    scope: 'mcp:read offline_access',
    prompt: 'consent',
  })
})

test('sdk 2.x: declares the refresh_token grant by default, and then requests no offline_access', async () => {
  expect(await requestsOf(sdkV2)).toEqual({
    grantTypes: both,
    applicationType: 'native',
    scope: 'mcp:read',
    prompt: null,
  })
})

test('sdk 2.x: requests offline_access where it is listed if the application declares the grant', async () => {
  expect(await requestsOf(sdkV2, { grantTypes: both })).toMatchObject({
    scope: 'mcp:read offline_access',
    prompt: 'consent',
  })
  expect(await requestsOf(sdkV2, { grantTypes: both, listed: false })).toMatchObject({
    scope: 'mcp:read',
    prompt: null,
  })
})
