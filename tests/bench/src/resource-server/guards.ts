import { createHash } from 'node:crypto'
import { createResourceServer } from '@evergrant/resource-server'
import { requireAccess } from '@evergrant/resource-server/express'
import { tokenVerifier as tokenVerifierV1 } from '@evergrant/resource-server/sdk-v1'
import { tokenVerifier as tokenVerifierV2 } from '@evergrant/resource-server/sdk-v2'
import { requireBearerAuth as requireBearerAuthV2 } from '@modelcontextprotocol/express'
import { requireBearerAuth as requireBearerAuthV1 } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import type { RequestHandler } from 'express'
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { requiredScope } from './issuer.ts'
import type { Trust } from './issuer.ts'

/** A way to protect a route of Express. */
export interface Guard {
  readonly title: string
  /**
   * - `baseline`: no verification. The others are compared with it.
   * - `measured`: must reach the figures.
   * - `adapter`: this project's verifier in the middleware of an SDK.
   * - `peer`: must be slower than the measured one.
   * - `yardstick`: for orientation.
   */
  readonly role: 'baseline' | 'measured' | 'adapter' | 'peer' | 'yardstick'
  readonly handlers: (trust: Trust) => readonly RequestHandler[]
}

export type GuardName =
  | 'none'
  | 'ours'
  | 'ours-sdk-v1'
  | 'ours-sdk-v2'
  | 'jwt-bearer'
  | 'sdk-v1'
  | 'sdk-v2'
  | 'table'

/** The ways that are compared, in the order of the report. All require the same scope. */
export const guards: Readonly<Record<GuardName, Guard>> = {
  none: { title: 'no verification', role: 'baseline', handlers: () => [] },
  ours: {
    title: 'Evergrant `requireAccess`',
    role: 'measured',
    handlers: (trust) => [requireAccess(guardOf(trust), { scopes: [requiredScope] })],
  },
  'ours-sdk-v1': {
    title: 'SDK 1.x `requireBearerAuth`, Evergrant `tokenVerifier`',
    role: 'adapter',
    handlers: (trust) => [
      requireBearerAuthV1({
        verifier: tokenVerifierV1(guardOf(trust)),
        requiredScopes: [requiredScope],
      }),
    ],
  },
  'ours-sdk-v2': {
    title: 'SDK 2.x `requireBearerAuth`, Evergrant `tokenVerifier`',
    role: 'adapter',
    handlers: (trust) => [
      requireBearerAuthV2({
        verifier: tokenVerifierV2(guardOf(trust)),
        requiredScopes: [requiredScope],
      }),
    ],
  },
  'jwt-bearer': {
    title: '`express-oauth2-jwt-bearer`',
    role: 'peer',
    handlers: ({ issuer, resource, algorithm }) => [
      auth({ issuerBaseURL: issuer, audience: resource, tokenSigningAlg: algorithm }),
      requiredScopes(requiredScope),
    ],
  },
  'sdk-v1': {
    title: 'SDK 1.x `requireBearerAuth`, jose',
    role: 'peer',
    handlers: (trust) => [
      requireBearerAuthV1({ verifier: joseVerifier(trust), requiredScopes: [requiredScope] }),
    ],
  },
  'sdk-v2': {
    title: 'SDK 2.x `requireBearerAuth`, jose',
    role: 'peer',
    handlers: (trust) => [
      requireBearerAuthV2({ verifier: joseVerifier(trust), requiredScopes: [requiredScope] }),
    ],
  },
  table: {
    title: 'table of SHA-256 hashes',
    role: 'yardstick',
    handlers: (trust) => [tableOfHashes(trust)],
  },
}

export function isGuardName(name: string): name is GuardName {
  return Object.hasOwn(guards, name)
}

function guardOf({ issuer, resource }: Trust) {
  return createResourceServer(resource, [issuer], { scopesSupported: [requiredScope] })
}

interface AuthInfo {
  readonly token: string
  readonly clientId: string
  readonly scopes: string[]
  readonly expiresAt: number
}

/** The verifier that the guides of jose lead to. */
function joseVerifier({ issuer, resource, algorithm }: Trust): {
  verifyAccessToken(token: string): Promise<AuthInfo>
} {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const options = { issuer, audience: resource, algorithms: [algorithm], typ: 'at+jwt' }
  return {
    async verifyAccessToken(token) {
      const { payload } = await jwtVerify<{ client_id: string; scope: string }>(
        token,
        keys,
        options,
      )
      return {
        token,
        clientId: payload.client_id,
        scopes: payload.scope.split(' '),
        expiresAt: payload.exp ?? 0,
      }
    },
  }
}

/** The simplest cache: verified by jose once, then found by the hash of the token. */
function tableOfHashes(trust: Trust): RequestHandler {
  const verifier = joseVerifier(trust)
  const known = new Map<string, AuthInfo>()
  return async (request, response, next) => {
    const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
    const hash = createHash('sha256').update(token).digest('base64')
    let info = known.get(hash)
    if (info === undefined) {
      info = await verifier.verifyAccessToken(token)
      known.set(hash, info)
    }
    if (info.expiresAt < Date.now() / 1000 || !info.scopes.includes(requiredScope)) {
      response.status(401).end()
      return
    }
    next()
  }
}
