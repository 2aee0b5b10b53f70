import { hash } from 'node:crypto'
import type { ArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import type { Provider } from 'oidc-provider'
import { nowEpochSeconds } from '../lib/clock.ts'
import { clip, clippedMessage } from '../telemetry/log.ts'
import type { Log } from '../telemetry/log.ts'

/** The model of clients that got tokens. The engine has no model of this name. */
const model = 'SeenClient'

/** When each client first got tokens here. */
export interface SeenClients {
  /** `undefined` for a client that never got tokens. */
  since(clientId: string): Promise<number | undefined>
  /** Records clients when they first get tokens. */
  observe(provider: Provider, log: Log): void
}

/** Stores one row for each client that got tokens, and none for clients that only requested them. */
export function createSeenClients(artifacts: ArtifactStore): SeenClients {
  // Client identifiers can be URLs, which are too long for the keys of some databases.
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
          // The tokens are issued. The client stays new until its next sign-in.
          const detail = clippedMessage(error)
          log({ level: 'error', event: 'client.not_noted', client: clip(clientId), detail })
        }
      })
    },
  }
}
