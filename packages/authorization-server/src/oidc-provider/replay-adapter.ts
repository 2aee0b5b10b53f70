import { errors, Provider } from 'oidc-provider'
import type { Adapter } from 'oidc-provider'
import { createArtifactAdapter, credentialId } from './artifact-adapter.ts'
import type { ArtifactAdapterDependencies } from './artifact-adapter.ts'

/**
 * Storage for what may be used once: DPoP proofs and client assertions. The engine first looks one
 * up and stores it later, so two requests could both find nothing and continue. Here the lookup
 * always finds nothing, and storing succeeds for one request and fails for all others.
 */
export function createReplayAdapter(dependencies: ArtifactAdapterDependencies): Adapter {
  const model = 'ReplayDetection'
  const { artifacts, clock } = dependencies
  const authenticated = new WeakSet()
  return {
    ...createArtifactAdapter(model, dependencies),
    async find() {
      return undefined
    },
    async upsert(id, { jti: _jti, ...payload }, expiresIn) {
      const context = Provider.ctx
      // When a request has both, the engine checks the assertion first.
      const isAssertion =
        context?.oidc.params?.['client_assertion'] !== undefined && !authenticated.has(context)
      if (context !== undefined) authenticated.add(context)
      const isFirst = await artifacts.add(model, credentialId(id), {
        payload,
        // A proof may be dated ahead by as much as the engine keeps it, and is good for that long
        // after its date.
        expiresAtEpochSeconds:
          expiresIn === undefined ? undefined : clock.nowEpochSeconds() + 2 * expiresIn,
      })
      if (isFirst) return
      if (isAssertion) throw new errors.InvalidClientAuth('client assertion was used already')
      // RFC 9449 §5. The engine would answer invalid_grant, and clients would discard a good token.
      throw new errors.InvalidDpopProof('DPoP proof was used already')
    },
  }
}
