import { assessClientRisk } from '@evergrant/authorization-server'
import type { RiskAssessment } from '@evergrant/authorization-server'
import type { ArtifactStore, RiskFacts } from '@evergrant/authorization-server/oidc-provider'
import type { Provider } from 'oidc-provider'
import { nowEpochSeconds } from '../lib/clock.ts'
import type { Log } from '../telemetry/log.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import { createSeenClients } from './seen-clients.ts'

/** The risk rules of the settings, for clients that are not preregistered. */
export interface ClientRisk {
  readonly assess: (facts: RiskFacts) => Promise<RiskAssessment>
  /** Records what later assessments need. */
  observe(provider: Provider, log: Log): void
}

/** The assessment by the rules of the settings. `undefined` when no rule is set. */
export function clientRiskBySettings(
  { clients, clientRiskRules: rules }: ServerSettings,
  artifacts: ArtifactStore,
): ClientRisk | undefined {
  if (rules === undefined) return undefined
  // Only this rule needs to know when a client first got tokens.
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
      return assessClientRisk(facts, rules, nowEpochSeconds())
    },
    observe(provider, log) {
      seen?.observe(provider, log)
    },
  }
}
