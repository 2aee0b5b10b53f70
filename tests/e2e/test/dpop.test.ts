import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Session } from '@evergrant/client'
import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { startAuthorizationServer } from '@evergrant/reference-as'
import {
  calculateJwkThumbprint,
  createRemoteJWKSet,
  decodeProtectedHeader,
  EmbeddedJWK,
  jwtVerify,
} from 'jose'
import { z } from 'zod'
import { expect, test } from 'vitest'

const nonce = 'the-nonce-of-this-resource'

/** A resource that accepts only bound tokens, and requires its nonce in every proof. */
async function startBoundResource(issuer: string) {
  const accepted: string[] = []
  const refused: string[] = []
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))

  async function verify(request: IncomingMessage): Promise<string> {
    const token = /^DPoP (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const proof = request.headers['dpop']
    if (token === undefined || typeof proof !== 'string') return 'invalid_token'
    const { payload: claims } = await jwtVerify(token, keys, { issuer, audience: resource })
    const { payload } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' })
    const { jwk } = z
      .object({ jwk: z.object({ kty: z.string() }).loose() })
      .parse(decodeProtectedHeader(proof))
    const { jkt } = z.object({ jkt: z.string() }).parse(claims['cnf'])
    if ((await calculateJwkThumbprint(jwk)) !== jkt) return 'invalid_token'
    if (payload['htm'] !== request.method || payload['htu'] !== resource)
      return 'invalid_dpop_proof'
    if (payload['nonce'] !== nonce) return 'use_dpop_nonce'
    accepted.push(token)
    return 'accepted'
  }

  const server = createServer((request, response) => {
    if (request.url?.startsWith('/.well-known/') === true) {
      response.writeHead(200, { 'content-type': 'application/json' })
      const metadata = { resource, authorization_servers: [issuer], scopes_supported: ['mcp:read'] }
      response.end(JSON.stringify({ ...metadata, dpop_bound_access_tokens_required: true }))
      return
    }
    verify(request)
      .catch(() => 'invalid_token')
      .then((verdict) => {
        if (verdict !== 'accepted') refused.push(verdict)
        response.writeHead(verdict === 'accepted' ? 200 : 401, {
          'dpop-nonce': nonce,
          ...(verdict === 'accepted'
            ? {}
            : { 'www-authenticate': `DPoP error="${verdict}", algs="ES256"` }),
        })
        return response.end()
      })
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const resource = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  return {
    resource,
    accepted,
    refused,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

test(
  'dpop: tokens stay bound to one key across refreshes and processes, and a nonce causes one retry',
  { tags: ['A-05', 'C-52'] },
  async () => {
    const authorizationServer = await startAuthorizationServer({ demo: true })
    await using resource = await startBoundResource(authorizationServer.issuer)
    const store = memoryStore()
    function session(): Session {
      return createSession(resource.resource, {
        store,
        client: { name: 'bound client' },
        signIn: headlessSignIn(),
      })
    }
    const first = session()
    expect((await authorizedFetch(first)(resource.resource, { method: 'POST' })).status).toBe(200)
    const { tokenType, value } = await first.getAccessToken()
    expect(tokenType).toBe('DPoP')

    const later = session()
    await later.getAccessToken({ rejectedAccessToken: value })
    expect((await authorizedFetch(later)(resource.resource, { method: 'POST' })).status).toBe(200)
    expect(new Set(resource.accepted).size).toBe(2)
    expect(authorizationServer.stats()).toMatchObject({
      signIns: 1,
      tokenRequests: { refresh_token: { success: 1 } },
    })
    expect(resource.refused.filter((verdict) => verdict !== 'use_dpop_nonce')).toEqual([
      'invalid_token',
    ])
    await authorizationServer.close()
  },
)
