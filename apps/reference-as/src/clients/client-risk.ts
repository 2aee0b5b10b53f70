import { assessClientRisk } from '@evergrant/authorization-server'
import type { RiskAssessment } from '@evergrant/authorization-server'
import type { ArtifactStore, RiskFacts } from '@evergrant/authorization-server/oidc-provider'
import type { Provider } from 'oidc-provider'
import type { Log } from '../telemetry/log.ts'
import type { ServerSettings } from '../settings/options.ts'
import { createSeenClients } from './seen-clients.ts'

/** What the settings say about clients that anybody can make up. */
export interface ClientRisk {
  readonly assess: (facts: RiskFacts) => Promise<RiskAssessment>
  /** Notes what later assessments need to know. */
  observe(provider: Provider, log: Log): void
}

/** The assessment by the rules of the settings; `undefined` where there are none. */
export function clientRiskBySettings(
  { clients, clientRiskRules: rules }: ServerSettings,
  artifacts: ArtifactStore,
): ClientRisk | undefined {
  if (rules === undefined) return undefined
  // Nobody else asks since when a client is known.
  const seen =
    rules.newClientLifetimeSeconds === undefined ? undefined : createSeenClients(artifacts)
  return {
    async assess({ client, redirectUri }) {
      const facts = {
        clientId: client.clientId,
        redirectUris: client.redirectUris ?? [],
        redirectUri,
        isPreregistered: clients.some((one) => one.client_id === client.clientId),
        knownSinceEpochSeconds: await seen?.since(client.clientId),
      }
      return assessClientRisk(facts, rules, Math.floor(Date.now() / 1000))
    },
    observe(provider, log) {
      seen?.observe(provider, log)
    },
  }
}
