import { hash } from 'node:crypto'
import type { ArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import type { Provider } from 'oidc-provider'
import { clip, clippedMessage } from '../telemetry/log.ts'
import type { Log } from '../telemetry/log.ts'

/** What a client that got tokens is filed under; the engine has no model of this name. */
const model = 'SeenClient'

/** Since when each client gets tokens here. */
export interface SeenClients {
  /** `undefined` for a client that never got any. */
  since(clientId: string): Promise<number | undefined>
  /** Has clients noted when they first get tokens. */
  observe(provider: Provider, log: Log): void
}

/** Keeps one row for each client that a person let in; nothing for those that only asked. */
export function createSeenClients(
  artifacts: ArtifactStore,
  nowEpochSeconds: () => number = () => Math.floor(Date.now() / 1000),
): SeenClients {
  // Client identifiers may be URLs, which are too long for some databases' keys.
  const idOf = (clientId: string) => hash('sha256', clientId, 'base64url')

  return {
    async since(clientId) {
      const seen: unknown = (await artifacts.find(model, idOf(clientId)))?.payload['since']
      return typeof seen === 'number' ? seen : undefined
    },
    observe(provider, log) {
      const served = new WeakMap<object, string>()
      provider.on('grant.success', (ctx) => {
        const { client, params } = ctx.oidc
        if (client !== undefined && params?.['grant_type'] === 'authorization_code') {
          served.set(ctx, client.clientId)
        }
      })
      provider.use(async (ctx, next) => {
        await next()
        const clientId = served.get(ctx)
        if (clientId === undefined) return
        try {
          await artifacts.add(model, idOf(clientId), { payload: { since: nowEpochSeconds() } })
        } catch (error) {
          // The tokens are issued; the client stays new until its next sign-in.
          const detail = clippedMessage(error)
          log({ level: 'error', event: 'client.not_noted', client: clip(clientId), detail })
        }
      })
    },
  }
}
