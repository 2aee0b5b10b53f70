import { startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import type { ScriptedAuthorizationServer, VirtualClock } from '@evergrant/test-kit'
import { createResourceServer } from '../src/index.ts'
import type {
  AccessDecision,
  DpopOptions,
  ResourceServer,
  ResourceServerOptions,
} from '../src/index.ts'
import { proofKey, tokenHash } from './proofs.ts'
import type { ProofKey } from './proofs.ts'

export const resource = 'https://mcp.example.com/mcp'

/** A resource server that verifies proofs, with a token that is bound to a key. */
export interface BoundToken extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly clock: VirtualClock
  readonly resourceServer: ResourceServer
  readonly key: ProofKey
  /** A token that is bound to the key. */
  readonly token: string
  /** The claims of a correct proof. */
  readonly claims: (change?: Readonly<Record<string, unknown>>) => Record<string, unknown>
  decide(
    proof: string | readonly string[] | undefined,
    request?: BoundRequest,
  ): Promise<AccessDecision>
}

/** Changes to a correct request. */
export interface BoundRequest {
  readonly token?: string
  readonly scheme?: string
  readonly method?: string
  readonly url?: string
}

export async function startBound(
  dpop: DpopOptions = {},
  options: ResourceServerOptions = {},
): Promise<BoundToken> {
  const clock = virtualClock()
  const as = await startScriptedAuthorizationServer({ clock })
  const resourceServer = createResourceServer(resource, [as.issuer], {
    clock,
    clockToleranceSeconds: 5,
    dpop,
    ...options,
  })
  const key = await proofKey()
  const token = await as.signAccessToken({
    scope: 'mcp:read',
    resource,
    claims: { cnf: { jkt: key.thumbprint } },
  })
  const ath = await tokenHash(token)
  let proofs = 0
  return {
    as,
    clock,
    resourceServer,
    key,
    token,
    claims(change = {}) {
      proofs += 1
      const iat = Math.floor(clock.nowEpochSeconds())
      return { jti: `proof-${proofs}`, htm: 'POST', htu: resource, iat, ath, ...change }
    },
    decide: async (proof, request = {}) =>
      await resourceServer.authorize({
        authorization: `${request.scheme ?? 'DPoP'} ${request.token ?? token}`,
        url: request.url ?? '/mcp',
        method: request.method ?? 'POST',
        dpop: proof,
      }),
    [Symbol.asyncDispose]: () => as.close(),
  }
}
