import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { exportJWK, SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import { expect, test } from 'vitest'
import { databases, noteWithoutPostgres } from '../databases.ts'
import {
  answerOf,
  authorizationRequest,
  discover,
  insecure,
  post,
  presentation,
  redirectUri,
  register,
  signInWithRefreshToken,
  startServer,
} from '../support.ts'

/** A key of a client, and proofs with it. */
async function keyOf(client: oauth.Client): Promise<oauth.DPoPHandle> {
  return oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
}

test('DPoP: a bound refresh token requires a proof with its key', { tags: ['A-05'] }, async () => {
  // Without grace, a refusal that spent the token would show.
  await using server = await startServer({ graceSeconds: 0 })
  const metadata = await discover(server)
  expect(metadata.dpop_signing_alg_values_supported).toContain('ES256')
  const client = await register(server)
  const [own, other] = [await keyOf(client), await keyOf(client)]
  const authorization = await authorizationRequest(server, client)
  const parameters = oauth.validateAuthResponse(
    metadata,
    client,
    await answerOf(authorization),
    authorization.state,
  )
  const tokens = await oauth.processAuthorizationCodeResponse(
    metadata,
    client,
    await oauth.authorizationCodeGrantRequest(
      metadata,
      client,
      oauth.None(),
      parameters,
      redirectUri,
      authorization.verifier,
      { DPoP: own, ...insecure },
    ),
  )
  expect(tokens.token_type).toBe('dpop')
  const refreshToken = tokens.refresh_token ?? ''
  const refreshWith = async (DPoP: oauth.DPoPHandle, token: string) =>
    await oauth.processRefreshTokenResponse(
      metadata,
      client,
      await oauth.refreshTokenGrantRequest(metadata, client, oauth.None(), token, {
        DPoP,
        ...insecure,
      }),
    )

  await expect(refreshWith(other, refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' })
  expect(await presentation(server, client, refreshToken)).toBe('invalid_grant')

  const next = await refreshWith(own, refreshToken)
  const [, payload = ''] = next.access_token.split('.')
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
  expect(claims).toMatchObject({ cnf: { jkt: await own.calculateThumbprint() } })

  // The successor is bound too.
  const successor = next.refresh_token ?? ''
  expect(successor).not.toBe(refreshToken)
  await expect(refreshWith(other, successor)).rejects.toMatchObject({ error: 'invalid_grant' })
  expect((await refreshWith(own, successor)).token_type).toBe('dpop')
})

test(
  'DPoP: a proof for another endpoint and a used proof are refused',
  { tags: ['A-05'] },
  async () => {
    await using server = await startServer()
    const client = await register(server)
    const { privateKey, publicKey } = await oauth.generateKeyPair('ES256')
    const proof = async (htu: string) =>
      await new SignJWT({ htm: 'POST', htu, jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(publicKey) })
        .setIssuedAt()
        .sign(privateKey)
    const authorization = await authorizationRequest(server, client)
    const code = (await answerOf(authorization)).searchParams.get('code') ?? ''
    const token = async (dpop: string, form: Record<string, string>) => {
      const response = await fetch(`${server.issuer}/token`, {
        method: 'POST',
        headers: { dpop },
        body: new URLSearchParams({ client_id: client.client_id, ...form }),
      })
      const body: unknown = await response.json()
      return { status: response.status, body }
    }
    const redemption = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: authorization.verifier,
    }
    expect(await token(await proof(`${server.issuer}/other`), redemption)).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    })
    const used = await proof(`${server.issuer}/token`)
    const first = await token(used, redemption)
    expect(first.status).toBe(200)
    const { refresh_token: refreshToken } = first.body as { refresh_token: string }
    const refreshing = { grant_type: 'refresh_token', refresh_token: refreshToken }
    expect(await token(used, refreshing)).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    })
    expect((await token(await proof(`${server.issuer}/token`), refreshing)).status).toBe(200)
  },
)

/** Signs the proofs of one client at one endpoint. */
async function proofs(htu: string) {
  const { privateKey, publicKey } = await oauth.generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return async () =>
    await new SignJWT({ htm: 'POST', htu, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt()
      .sign(privateKey)
}

/** The outcome of a token request to `url` with the host name of `issuer`: `ok`, or the error. */
async function outcome(
  { issuer, url }: { readonly issuer: string; readonly url: string },
  dpop: string,
  form: Record<string, string>,
): Promise<string> {
  const sent = request(`${url}/token`, {
    method: 'POST',
    // fetch does not allow setting the host.
    headers: {
      dpop,
      host: new URL(issuer).host,
      'content-type': 'application/x-www-form-urlencoded',
    },
  })
  sent.end(new URLSearchParams(form).toString())
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const { error } = (await json(response)) as { error?: string }
  return error ?? 'ok'
}

noteWithoutPostgres('concurrent uses of one proof')

test.each(databases.filter(({ available }) => available))(
  'DPoP: of concurrent requests with one proof at two servers on $name, one succeeds',
  { tags: ['A-05'] },
  async (kind) => {
    await using database = await kind.open()
    // One issuer for both, as behind a proxy, because a proof names its endpoint.
    await using one = await startServer({ databasePath: database.location })
    await using two = await startServer({ databasePath: database.location, issuer: one.issuer })
    const { client, refreshToken } = await signInWithRefreshToken(one)
    const next = await proofs(`${one.issuer}/token`)
    const form = {
      grant_type: 'refresh_token',
      client_id: client.client_id,
      refresh_token: refreshToken,
    }
    for (const _ of Array.from({ length: 5 })) {
      const proof = await next()
      const answers = await Promise.all(
        [one, two, one, two, one, two, one, two].map(
          async (server) => await outcome(server, proof, form),
        ),
      )
      expect(answers.toSorted()).toEqual([...Array(7).fill('invalid_dpop_proof'), 'ok'])
    }
    // The refused requests spent nothing, and a new proof works.
    expect(await outcome(two, await next(), form)).toBe('ok')
  },
)

test(
  'client assertions: a used one is refused with invalid_client',
  { tags: ['A-05'] },
  async () => {
    await using server = await startServer()
    const { privateKey, publicKey } = await oauth.generateKeyPair('ES256')
    const client = await register(server, {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'key', alg: 'ES256' }] },
    })
    const assertion = async () =>
      await new SignJWT({ jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: 'ES256', kid: 'key' })
        .setIssuer(client.client_id)
        .setSubject(client.client_id)
        .setAudience(server.issuer)
        .setIssuedAt()
        .setExpirationTime('1 minute')
        .sign(privateKey)
    const proof = await proofs(`${server.issuer}/token`)
    const authorization = await authorizationRequest(server, client)
    const code = (await answerOf(authorization)).searchParams.get('code') ?? ''
    const authenticated = (client_assertion: string, form: Record<string, string>) => ({
      client_id: client.client_id,
      client_assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      ...form,
    })
    const redeemed = await post(
      server,
      '/token',
      authenticated(await assertion(), {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: authorization.verifier,
      }),
    )
    const refreshing = {
      grant_type: 'refresh_token',
      refresh_token: String(redeemed.body['refresh_token']),
    }
    const [used, shown] = [await assertion(), await proof()]
    const proven = await Promise.all(Array.from({ length: 6 }, proof))
    const answers = await Promise.all(
      proven.map(async (dpop) => await outcome(server, dpop, authenticated(used, refreshing))),
    )
    expect(answers.toSorted()).toEqual([...Array(5).fill('invalid_client'), 'ok'])
    const assertions = await Promise.all(Array.from({ length: 6 }, assertion))
    const shownAgain = await Promise.all(
      assertions.map(async (jwt) => await outcome(server, shown, authenticated(jwt, refreshing))),
    )
    expect(shownAgain.toSorted()).toEqual([...Array(5).fill('invalid_dpop_proof'), 'ok'])
  },
)
