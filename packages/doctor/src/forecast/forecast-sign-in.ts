import { explainDecision, offlineAccess } from '@evergrant/core'
import { decidePkce } from '@evergrant/core/metadata'
import { applyProviderProfile } from '@evergrant/core/providers'
import type { ScopeDecision } from '@evergrant/core'
import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import type { ProviderProfile } from '@evergrant/core/providers'
import { site } from '../lib/site.ts'
import type { Measurement } from '../observations/measurement.ts'
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

/** A sign-in, as far as a client knows it before it opens the authorization page. */
export interface SignInToForecast {
  readonly metadata: AuthorizationServerMetadata
  readonly profile: ProviderProfile
  /** The resource that the tokens are for. */
  readonly resource: string
  /** From `negotiateScope` of `@evergrant/core`. */
  readonly decision: ScopeDecision
  /** `grant_types` of the client. */
  readonly grantTypes: readonly string[]
}

/** Options of {@link forecastSignIn}. */
export interface ForecastOptions {
  /** What a real sign-in showed. It takes the place of what is known about the product. */
  readonly measurement?: Measurement | undefined
  /** Default `true`. */
  readonly wantsRefreshToken?: boolean | undefined
  /** Use S256 even if the metadata says nothing about PKCE. Default `false`. */
  readonly assumePkceS256?: boolean | undefined
}

/**
 * Forecasts a sign-in from the decision of a client, the metadata of the authorization server and the
 * sourced facts about its product: whether a refresh token is issued, how long the sign-in lasts, and
 * what ends it. Pure, without Node.js.
 */
export function forecastSignIn(signIn: SignInToForecast, options: ForecastOptions = {}): Forecast {
  const { metadata, profile, resource, decision } = signIn
  const { measurement, wantsRefreshToken, assumePkceS256 } = options
  const parameters = applyProviderProfile(profile, resource, { wantsRefreshToken })
  const pkce = decidePkce(metadata, {
    assumeS256: assumePkceS256,
    knownProduct: profile.pkceS256 === 'known' ? profile.name : undefined,
  })
  const known = factsOf(metadata.issuer, profile.id, isRequested(decision))
  const facts = measurement === undefined ? known : measuredFacts(measurement, known)
  return {
    issuer: metadata.issuer,
    ...productOf(profile, known),
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
        ? predictRefreshToken(signIn, known, parameters.authorizationParameters)
        : measuredRefreshToken(measurement),
    duration: predictDuration(metadata, facts),
  }
}

function productOf(
  profile: ProviderProfile,
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
  { metadata, decision, grantTypes }: SignInToForecast,
  facts: ProductFacts | undefined,
  parameters: Readonly<Record<string, string>>,
): RefreshTokenForecast {
  const requested = isRequested(decision)
  const declared = grantTypes.includes('refresh_token')
  const needed = facts?.refreshTokenFor
  if (needed !== undefined && facts !== undefined) {
    const { value, status, source } = needed
    const missing = [
      ...(needsGrantType.has(value) && !declared ? [notDeclared] : []),
      ...(needsScope.has(value) && !requested ? [notRequested] : []),
      ...(value === 'access-type' && parameters['access_type'] !== 'offline'
        ? [accessTypeNotSent]
        : []),
    ]
    return {
      outlook: missing.length > 0 ? 'probably-not' : 'probably',
      reasons: [
        { text: `${facts.name} issues one ${conditions[value]}`, basis: status, source },
        ...missing,
      ],
    }
  }
  if (!declared) return { outlook: 'unknown', reasons: [notDeclared, decidedByServer] }
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

const needsGrantType: ReadonlySet<string> = new Set(['grant-type', 'grant-type-and-offline-access'])
const needsScope: ReadonlySet<string> = new Set(['offline-access', 'grant-type-and-offline-access'])

const notRequested: Statement = {
  text: 'A client does not request offline_access here, because the metadata does not list it, or no scope is known',
  basis: 'metadata',
}
const notDeclared: Statement = {
  text: 'The client does not list the refresh_token grant',
  basis: 'metadata',
}
const accessTypeNotSent: Statement = {
  text: 'The client does not send access_type=offline',
  basis: 'metadata',
}
const decidedByServer: Statement = {
  text: 'Whether the authorization server issues one anyway is its decision',
  basis: 'metadata',
}
