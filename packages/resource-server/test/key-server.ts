import { startFetchServer, virtualClock } from '@evergrant/test-kit'
import type { VirtualClock } from '@evergrant/test-kit'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { JWK } from 'jose'
import { createResourceServer } from '../src/index.ts'
import type { AccessDecision, ResourceServer, ResourceServerOptions } from '../src/index.ts'

export const resource = 'https://mcp.example.com/mcp'

/** An authorization server whose keys change, with a resource server that trusts it. */
export interface KeyServer extends AsyncDisposable {
  readonly issuer: string
  readonly clock: VirtualClock
  readonly resourceServer: ResourceServer
  /** The paths that were requested, in order. */
  readonly requests: readonly string[]
  /** Replaces the response at a path. */
  answer(path: string, response: () => Response): void
  /** Publishes these keys, and no others. */
  publish(...keys: readonly SigningKey[]): void
  decide(token: string): Promise<AccessDecision>
}

export interface SigningKey {
  readonly jwk: JWK
  sign(issuer: string, clock: VirtualClock): Promise<string>
}

/** @param kid - `undefined` for keys and tokens without `kid`. */
export async function signingKey(kid: string | undefined): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const named = kid === undefined ? {} : { kid }
  return {
    jwk: { ...(await exportJWK(publicKey)), ...named },
    async sign(issuer, clock) {
      const now = clock.nowEpochSeconds()
      const claims = { iss: issuer, aud: resource, sub: 'u', client_id: 'c', jti: 'j', iat: now }
      return await new SignJWT({ ...claims, exp: now + 3600 })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...named })
        .sign(privateKey)
    },
  }
}

export async function startKeyServer(options: ResourceServerOptions = {}): Promise<KeyServer> {
  const clock = virtualClock()
  const answers = new Map<string, () => Response>()
  const requests: string[] = []
  const server = await startFetchServer(async (request) => {
    const { pathname } = new URL(request.url)
    requests.push(pathname)
    return answers.get(pathname)?.() ?? new Response(null, { status: 404 })
  })
  const issuer = server.url
  const resourceServer = createResourceServer(resource, [issuer], { clock, ...options })
  answers.set('/.well-known/oauth-authorization-server', () => Response.json(metadata(issuer)))
  return {
    issuer,
    clock,
    resourceServer,
    requests,
    answer: (path, response) => void answers.set(path, response),
    publish: (...keys) =>
      void answers.set('/jwks', () => Response.json({ keys: keys.map((key) => key.jwk) })),
    decide: async (token) =>
      await resourceServer.authorize({ authorization: `Bearer ${token}`, url: '/mcp' }),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** Complete metadata of an issuer. */
export function metadata(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
  }
}
