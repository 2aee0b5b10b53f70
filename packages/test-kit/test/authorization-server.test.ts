import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  jsonBody,
  startProtectedServer,
  startScriptedAuthorizationServer,
  virtualClock,
} from '../src/index.ts'
import type { ScriptedAuthorizationServer } from '../src/index.ts'

const clientId = 'client-1'

async function postToken(
  as: ScriptedAuthorizationServer,
  form: Record<string, string>,
): Promise<Response> {
  return await fetch(as.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({ client_id: clientId, ...form }),
  })
}

async function refresh(as: ScriptedAuthorizationServer, refreshToken = ''): Promise<Response> {
  return await postToken(as, { grant_type: 'refresh_token', refresh_token: refreshToken })
}

/** A refresh that succeeds: the refresh token it answered with. */
async function refreshed(as: ScriptedAuthorizationServer, refreshToken = ''): Promise<string> {
  return String((await jsonBody(await refresh(as, refreshToken)))['refresh_token'])
}

test('scripted server: signs a client in with registration, authorization code and PKCE', async () => {
  await using as = await startScriptedAuthorizationServer({ issuerPath: '/tenant' })
  const metadata = await jsonBody(
    await fetch(`${new URL(as.issuer).origin}/.well-known/oauth-authorization-server/tenant`),
  )
  const redirectUri = 'http://127.0.0.1/callback'
  const registration = await fetch(String(metadata['registration_endpoint']), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [redirectUri] }),
  })
  expect(registration.status).toBe(201)
  const registeredId = String((await jsonBody(registration))['client_id'])
  const verifier = 'v'.repeat(43)
  const authorize = new URL(String(metadata['authorization_endpoint']))
  authorize.search = new URLSearchParams({
    response_type: 'code',
    client_id: registeredId,
    redirect_uri: 'http://127.0.0.1:49152/callback',
    scope: 'mcp:read offline_access unheard-of',
    state: 'the-state',
    resource: 'http://127.0.0.1/mcp',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  const redirect = await fetch(authorize, { redirect: 'manual' })
  const callback = new URL(redirect.headers.get('location') ?? '')
  expect(callback.port).toBe('49152')
  expect(callback.searchParams.get('state')).toBe('the-state')
  expect(callback.searchParams.get('iss')).toBe(as.issuer)

  const form = {
    client_id: registeredId,
    grant_type: 'authorization_code',
    code: callback.searchParams.get('code') ?? '',
    code_verifier: verifier,
    redirect_uri: 'http://127.0.0.1:49152/callback',
  }
  const tokens = await jsonBody(await postToken(as, form))
  expect(tokens['scope']).toBe('mcp:read offline_access')
  expect(as.liveRefreshTokens()).toEqual([tokens['refresh_token']])

  const secondUse = await postToken(as, form)
  expect(await secondUse.json()).toEqual({ error: 'invalid_grant' })
})

test('scripted server: refuses a code with the wrong verifier', async () => {
  await using as = await startScriptedAuthorizationServer({ clients: [{ clientId }] })
  const redirectUri = 'http://127.0.0.1/callback'
  const authorize = new URL(`${as.issuer}/authorize`)
  authorize.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update('one verifier').digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  const redirect = await fetch(authorize, { redirect: 'manual' })
  const code = new URL(redirect.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const response = await postToken(as, {
    grant_type: 'authorization_code',
    code,
    code_verifier: 'another verifier',
    redirect_uri: redirectUri,
  })
  expect(response.status).toBe(400)
  expect(as.grants()).toEqual([])
})

test('scripted server: rotates, and ends the grant on reuse of a superseded token', async () => {
  await using as = await startScriptedAuthorizationServer()
  const { refreshToken: first } = await as.issueGrant({ clientId, scope: 'mcp:read' })
  const second = await refreshed(as, first)
  expect(second).not.toBe(first)
  expect(as.liveRefreshTokens()).toEqual([second])

  const reuse = await refresh(as, first)
  expect([reuse.status, await reuse.json()]).toEqual([400, { error: 'invalid_grant' }])
  expect(as.isGrantAlive()).toBe(false)
  expect((await refresh(as, second)).status).toBe(400)
  expect(as.requests.map((entry) => entry.outcome)).toEqual([
    'refreshed',
    'reused-and-revoked',
    'ended',
  ])
})

test('scripted server: keeps the newest token valid after reuse without family revocation', async () => {
  await using as = await startScriptedAuthorizationServer({ familyRevocation: false })
  const { refreshToken: first } = await as.issueGrant({ clientId, scope: 'mcp:read' })
  const second = await refreshed(as, first)
  expect((await refresh(as, first)).status).toBe(400)
  expect((await refresh(as, second)).status).toBe(200)
})

test('scripted server: replays the same successor in the grace window until it is used', async () => {
  const clock = virtualClock()
  await using as = await startScriptedAuthorizationServer({ clock, graceSeconds: 30 })
  const { refreshToken: first } = await as.issueGrant({ clientId, scope: 'mcp:read' })
  const second = await refreshed(as, first)
  clock.advanceSeconds(30)
  expect(await refreshed(as, first)).toBe(second)
  expect((await refresh(as, second)).status).toBe(200)
  expect((await refresh(as, first)).status).toBe(400)
  expect(as.isGrantAlive()).toBe(false)
})

test('scripted server: a superseded token counts as reuse after the grace window', async () => {
  const clock = virtualClock()
  await using as = await startScriptedAuthorizationServer({ clock, graceSeconds: 30 })
  const { refreshToken: first } = await as.issueGrant({ clientId, scope: 'mcp:read' })
  await refresh(as, first)
  clock.advanceSeconds(30.5)
  await refresh(as, first)
  expect(as.isGrantAlive()).toBe(false)
})

test('scripted server: refreshes of a static grant return no refresh token', async () => {
  await using as = await startScriptedAuthorizationServer({ rotation: 'static' })
  const { refreshToken } = await as.issueGrant({ clientId, scope: 'mcp:read' })
  for (let round = 0; round < 3; round += 1) {
    expect(await (await refresh(as, refreshToken)).json()).not.toHaveProperty('refresh_token')
  }
  expect(as.liveRefreshTokens()).toEqual([refreshToken])
})

test('scripted server: revoking the refresh token ends the grant', async () => {
  await using as = await startScriptedAuthorizationServer()
  const { refreshToken = '' } = await as.issueGrant({ clientId, scope: 'mcp:read' })
  const response = await fetch(`${as.issuer}/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ token: refreshToken, client_id: clientId }),
  })
  expect(response.status).toBe(200)
  expect(as.isGrantAlive()).toBe(false)
})

test('faults: a dropped response rotates the token, a dropped request does not', async () => {
  await using as = await startScriptedAuthorizationServer()
  const { refreshToken: first } = await as.issueGrant({ clientId, scope: 'mcp:read' })
  as.faults.token.push({ kind: 'drop-before-commit' }, { kind: 'reset' })
  await expect(refresh(as, first)).rejects.toThrow('fetch failed')
  await expect(refresh(as, first)).rejects.toThrow('fetch failed')
  expect(as.liveRefreshTokens()).toEqual([first])

  as.faults.token.push({ kind: 'drop-after-commit' })
  await expect(refresh(as, first)).rejects.toThrow('fetch failed')
  expect(as.liveRefreshTokens()).not.toContain(first)
  expect(as.refreshRequests()).toBe(3)
  expect(as.count('token', 'not-reached')).toBe(2)
})

test('faults: change responses as scripted', async () => {
  await using as = await startScriptedAuthorizationServer({ rotation: 'repeat' })
  const { refreshToken } = await as.issueGrant({ clientId, scope: 'mcp:read' })
  as.faults.token.push(
    { kind: 'status', status: 503, headers: { 'retry-after': '7' } },
    { kind: 'html' },
    { kind: 'empty-400' },
    { kind: 'oauth-error', error: 'temporarily_unavailable' },
    { kind: 'omit', fields: ['expires_in', 'scope'] },
    { kind: 'merge', fields: { expires_in: '2' } },
    { kind: 'huge', bytes: 1000 },
    { kind: 'slow-body', until: Promise.resolve() },
  )
  const busy = await refresh(as, refreshToken)
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '7'])
  const html = await refresh(as, refreshToken)
  expect([html.status, html.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  const empty = await refresh(as, refreshToken)
  expect([empty.status, await empty.text()]).toEqual([400, ''])
  expect((await jsonBody(await refresh(as, refreshToken)))['error']).toBe('temporarily_unavailable')
  const bare = await jsonBody(await refresh(as, refreshToken))
  expect(Object.keys(bare).sort()).toEqual(['access_token', 'refresh_token', 'token_type'])
  expect((await jsonBody(await refresh(as, refreshToken)))['expires_in']).toBe('2')
  expect((await (await refresh(as, refreshToken)).text()).length).toBeGreaterThan(1000)
  expect((await jsonBody(await refresh(as, refreshToken)))['token_type']).toBe('Bearer')
})

test('protected server: accepts tokens of the scripted server, with the same clock', async () => {
  const clock = virtualClock()
  await using as = await startScriptedAuthorizationServer({ clock, accessTokenLifetimeSeconds: 60 })
  await using protectedServer = await startProtectedServer(as, {
    clock,
    scopeByPath: { '/mcp/write': 'mcp:write' },
  })
  const { resource } = protectedServer
  const { accessToken } = await as.issueGrant({ clientId, scope: 'mcp:read', resource })
  const headers = { authorization: `Bearer ${accessToken}` }
  expect((await fetch(resource, { headers })).status).toBe(200)
  expect((await fetch(`${resource}/write`, { headers })).headers.get('www-authenticate')).toBe(
    `Bearer error="insufficient_scope", scope="mcp:write", resource_metadata="${protectedServer.metadataUrl}"`,
  )
  clock.advanceSeconds(61)
  expect((await fetch(resource, { headers })).status).toBe(401)
  expect([200, 401, 403].map((status) => protectedServer.count(status))).toEqual([1, 1, 1])
  const metadata = await jsonBody(await fetch(protectedServer.metadataUrl))
  expect(metadata['authorization_servers']).toEqual([as.issuer])
})
