import { negotiateScope } from '@evergrant/core'
import type { Evidence, ServerEvidence } from '../evidence/evidence.ts'
import { stringsOf } from '../lib/json.ts'
import { forecastSignIn } from './forecast-sign-in.ts'
import type { Forecast } from './forecast-sign-in.ts'

/** Forecasts a sign-in; `undefined` if the server requires none, or clients cannot find out where. */
export function forecast(evidence: Evidence): Forecast | undefined {
  const server = serverOf(evidence)
  if (server?.metadata === undefined) return undefined
  const { metadata, profile } = server
  const document = evidence.resourceDocuments.find(({ kind }) => kind === 'document')?.document
  const scopes = document?.['scopes_supported']
  const grantTypes = ['authorization_code', 'refresh_token']
  const decision = negotiateScope({
    challengeScope: evidence.challenge?.scope,
    protectedResource: Array.isArray(scopes) ? { scopes_supported: stringsOf(scopes) } : undefined,
    authorizationServer: metadata,
    client: { grant_types: grantTypes },
    profile,
  })
  const resource =
    evidence.discovery?.outcome === 'found'
      ? evidence.discovery.discovery.resource
      : evidence.observations.serverUrl
  const { measurement } = evidence.observations
  return forecastSignIn({ metadata, profile, resource, decision, grantTypes }, { measurement })
}

/** The server that a client uses: the one of its discovery, otherwise the first usable one. */
function serverOf({ discovery, servers, observations }: Evidence): ServerEvidence | undefined {
  const usable = servers.filter(({ metadata }) => metadata !== undefined)
  const { chosenIssuer } = observations
  if (chosenIssuer !== undefined) return usable.find(({ issuer }) => issuer === chosenIssuer)
  if (discovery?.outcome !== 'found') return undefined
  const { issuer } = discovery.discovery.authorizationServer
  return usable.find(({ metadata }) => metadata?.issuer === issuer)
}
