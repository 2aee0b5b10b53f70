import type { DPoPHandle } from 'oauth4webapi'
import type { PrivateJwk } from '../grant/grant.ts'
import { loadOnce } from '../lib/load-once.ts'

/** Signs proofs, and remembers the nonce that each server requires in the next one. */
export interface DpopProver {
  handle(key: PrivateJwk): Promise<DPoPHandle>
  /**
   * Sends one request with a proof.
   *
   * @param accessToken - The token of a request to a resource. Without one, the request goes to a token
   *   endpoint.
   */
  send(
    key: PrivateJwk,
    accessToken: string | undefined,
    url: string,
    init: RequestInit,
    fetch: typeof globalThis.fetch,
  ): Promise<Response>
}

/** A prover that loads what makes proofs with the first key. Few grants have one. */
export function dpopProver(): DpopProver {
  const proofs = loadOnce('makes DPoP proofs', async () => {
    const { dpopHandles, sendWithProof } = await import('./dpop.ts')
    return { handles: dpopHandles(), sendWithProof }
  })
  return {
    async handle(key) {
      const { handles } = await proofs()
      return await handles(key)
    },
    async send(key, accessToken, url, init, fetch) {
      const { handles, sendWithProof } = await proofs()
      return await sendWithProof(await handles(key), accessToken, url, init, fetch)
    },
  }
}
