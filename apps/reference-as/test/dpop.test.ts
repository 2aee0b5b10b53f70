import { exportJWK, SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import { expect, test } from 'vitest'
import {
  answerOf,
  authorizationRequest,
  discover,
  presentation,
  redirectUri,
  register,
  startServer,
} from './support.ts'

// oxlint-disable-next-line typescript/no-deprecated
const insecure = { [oauth.allowInsecureRequests]: true } as const

/** A key of a client, and what it proves with it. */
async function keyOf(client: oauth.Client): Promise<oauth.DPoPHandle> {
  return oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
}

test(
  'a refresh token bound to a key is of no use with another, or with none',
  { tags: ['A-05'] },
  async () => {
    // Without grace, a refusal that spent the token would be noticed.
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

    // The successor is bound as its predecessor was.
    const successor = next.refresh_token ?? ''
    expect(successor).not.toBe(refreshToken)
    await expect(refreshWith(other, successor)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await refreshWith(own, successor)).token_type).toBe('dpop')
  },
)

test(
  'a proof for another endpoint, or one seen before, is refused',
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
    expect((await token(used, refreshing)).status).toBe(400)
    expect((await token(await proof(`${server.issuer}/token`), refreshing)).status).toBe(200)
  },
)
