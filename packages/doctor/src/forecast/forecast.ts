import {
  applyProviderProfile,
  decidePkce,
  explainDecision,
  negotiateScope,
  offlineAccess,
} from '@evergrant/core'
import type { AuthorizationServerMetadata, ScopeDecision } from '@evergrant/core'
import { stringsOf } from '../lib/json.ts'
import { site } from '../lib/site.ts'
import type { Evidence, ServerEvidence } from '../evidence/evidence.ts'
import { predictDuration } from './duration.ts'
import type { DurationForecast } from './duration.ts'
import { measuredFacts, measuredRefreshToken } from './measured-facts.ts'
import { factsOf } from './product-facts.ts'
import type { ProductFacts } from './product-facts.ts'
import type { RefreshTokenForecast, Statement } from './statement.ts'

/** What a client should send, and what it will probably get. */
export interface Forecast {
  readonly issuer: string
  /** The product, if its issuer shows it. */
  readonly product?: {
    readonly id: string
    readonly name: string
    /** What to switch on there, and what is known. */
    readonly page?: string
  }
  readonly request: {
    /** Absent: send no `scope`. */
    readonly scope?: string
    readonly prompt?: string
    /** Absent: send no `resource`. */
    readonly resource?: string
    /** Further parameters that this product requires. */
    readonly parameters: Readonly<Record<string, string>>
    readonly pkce: 'S256' | 'refuse'
    /** Every decision with its rule, in words. */
    readonly explanation: readonly string[]
  }
  readonly registration: readonly ('client-id-metadata-document' | 'dynamic' | 'by-hand')[]
  readonly refreshToken: RefreshTokenForecast
  readonly duration: DurationForecast
}

/** Forecasts a sign-in; `undefined` if the server requires none, or clients cannot find out where. */
export function forecast(evidence: Evidence): Forecast | undefined {
  const server = serverOf(evidence)
  if (server?.metadata === undefined) return undefined
  const { metadata, profile } = server
  const document = evidence.resourceDocuments.find(({ kind }) => kind === 'document')?.document
  const scopes = document?.['scopes_supported']
  const decision = negotiateScope({
    challengeScope: evidence.challenge?.scope,
    protectedResource: Array.isArray(scopes) ? { scopes_supported: stringsOf(scopes) } : undefined,
    authorizationServer: metadata,
    client: { grant_types: ['authorization_code', 'refresh_token'] },
    profile,
  })
  const resource =
    evidence.discovery?.outcome === 'found'
      ? evidence.discovery.discovery.resource
      : evidence.observations.serverUrl
  const parameters = applyProviderProfile(profile, resource)
  const pkce = decidePkce(metadata, {
    knownProduct: profile.pkceS256 === 'known' ? profile.name : undefined,
  })
  const { measurement } = evidence.observations
  const known = factsOf(metadata.issuer, profile.id, isRequested(decision))
  const facts = measurement === undefined ? known : measuredFacts(measurement, known)
  return {
    issuer: metadata.issuer,
    ...productOf(server, known),
    request: {
      ...(decision.scope === undefined ? {} : { scope: decision.scope }),
      ...(decision.prompt.prompt === undefined ? {} : { prompt: decision.prompt.prompt }),
      ...(parameters.resource === undefined ? {} : { resource: parameters.resource }),
      parameters: parameters.authorizationParameters,
      pkce: pkce.action === 'use-s256' ? 'S256' : 'refuse',
      explanation: [...explainDecision(decision), pkce.explanation, ...parameters.warnings],
    },
    registration: registrationOf(metadata),
    refreshToken:
      measurement === undefined
        ? predictRefreshToken(decision, metadata, known)
        : measuredRefreshToken(measurement),
    duration: predictDuration(metadata, facts),
  }
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

function productOf(
  { profile }: ServerEvidence,
  facts: ProductFacts | undefined,
): Pick<Forecast, 'product'> {
  if (facts !== undefined) {
    const { id, name } = facts
    return { product: { id, name, page: `${site}/providers/${id}` } }
  }
  return profile.id === 'standard' ? {} : { product: { id: profile.id, name: profile.name } }
}

function registrationOf(metadata: AuthorizationServerMetadata): Forecast['registration'] {
  const ways: Forecast['registration'][number][] = []
  if (metadata.client_id_metadata_document_supported === true)
    ways.push('client-id-metadata-document')
  if (metadata.registration_endpoint !== undefined) ways.push('dynamic')
  return ways.length === 0 ? ['by-hand'] : ways
}

function isRequested({ offlineAccess: outcome }: Pick<ScopeDecision, 'offlineAccess'>): boolean {
  return outcome === 'added' || outcome === 'already-present'
}

function predictRefreshToken(
  { offlineAccess: outcome }: ScopeDecision,
  metadata: AuthorizationServerMetadata,
  facts: ProductFacts | undefined,
): RefreshTokenForecast {
  const requested = isRequested({ offlineAccess: outcome })
  const needed = facts?.refreshTokenFor
  if (needed !== undefined && facts !== undefined) {
    const needsScope =
      needed.value === 'offline-access' || needed.value === 'grant-type-and-offline-access'
    return {
      outlook: needsScope && !requested ? 'probably-not' : 'probably',
      reasons: [
        {
          text: `${facts.name} issues one ${conditions[needed.value]}`,
          basis: needed.status,
          source: needed.source,
        },
        ...(needsScope && !requested ? [notRequested] : []),
      ],
    }
  }
  const listsGrant = metadata.grant_types_supported?.includes('refresh_token')
  if (listsGrant === false) {
    return {
      outlook: requested ? 'unknown' : 'probably-not',
      reasons: [{ text: 'grant_types_supported does not list refresh_token', basis: 'metadata' }],
    }
  }
  if (requested) {
    return {
      outlook: 'probably',
      reasons: [
        {
          text: `The authorization server lists ${offlineAccess}${listsGrant === true ? ' and the refresh_token grant' : ''}, and the client requests it`,
          basis: 'metadata',
        },
      ],
    }
  }
  if (listsGrant === true) {
    return {
      outlook: 'unknown',
      reasons: [
        {
          text: 'The authorization server lists the refresh_token grant and the client does not request offline_access: whether the grant type alone is enough is the decision of the server',
          basis: 'metadata',
        },
      ],
    }
  }
  return {
    outlook: 'unknown',
    reasons: [{ text: 'The metadata says nothing about refresh tokens', basis: 'metadata' }],
  }
}

const conditions = {
  always: 'with every authorization code',
  'grant-type': 'to clients that list the refresh_token grant',
  'offline-access': 'for the scope offline_access',
  'grant-type-and-offline-access':
    'to clients that list the refresh_token grant and request offline_access',
  'access-type': 'for the parameter access_type=offline',
} as const

const notRequested: Statement = {
  text: 'A client does not request offline_access here, because the metadata does not list it, or no scope is known',
  basis: 'metadata',
}
