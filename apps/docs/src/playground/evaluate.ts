import type { BearerChallenge, ScopeDecision } from '@evergrant/core'
import type {
  AuthorizationServerMetadata,
  MetadataWarning,
  PkceDecision,
  ProtectedResourceMetadata,
} from '@evergrant/core/metadata'
import type { ProviderProfile } from '@evergrant/core/providers'
import { negotiateScope, ProtocolError, readBearerChallenge } from '@evergrant/core'
import { buildAuthorizationUrl } from '@evergrant/core/authorization'
import {
  decidePkce,
  parseAuthorizationServerMetadata,
  parseProtectedResourceMetadata,
  protectedResourceMetadataUrls,
} from '@evergrant/core/metadata'
import {
  applyProviderProfile,
  providerProfiles,
  selectProviderProfile,
  standardProfile,
} from '@evergrant/core/providers'
import { forecastSignIn } from '@evergrant/doctor/forecast'
import type { Forecast } from '@evergrant/doctor/forecast'
import { readClient } from './client'
import type { ClientReading } from './client'
import type { Field, PlaygroundInput } from './input'
import { readJson, tooLong } from './read-field'

/** A mistake that does not stop the client. */
export interface Note {
  readonly text: string
  readonly requirement?: string | undefined
}

/** What the client decides. */
export interface Outcome {
  readonly challenge: BearerChallenge | undefined
  readonly profile: ProviderProfile
  readonly decision: ScopeDecision
  readonly pkce: PkceDecision
  readonly client: ClientReading
  /** Absent: the client stops before the request. */
  readonly authorizationUrl: string | undefined
  /** Deviations from the standards that the product requires. */
  readonly deviations: readonly string[]
  readonly forecast: Forecast
}

/** Everything that the page shows. */
export interface Evaluation {
  /** Why the client stops, beside the field. */
  readonly errors: Partial<Record<Field, string>>
  readonly notes: Partial<Record<Field, readonly Note[]>>
  /** Absent: there is an error. */
  readonly outcome: Outcome | undefined
}

/** As a client reads its documents and decides. Never throws, whatever the text is. */
export function evaluate(input: PlaygroundInput): Evaluation {
  const errors: Partial<Record<Field, string>> = {}
  const notes: Partial<Record<Field, readonly Note[]>> = {}
  const attempt = <Value>(field: Field, read: () => Value): Value | undefined => {
    try {
      return read()
    } catch (error) {
      // Errors of core contain remote text only as JSON, without invisible characters.
      errors[field] = ProtocolError.is(error) ? error.message : 'It cannot be read.'
      return undefined
    }
  }
  for (const [field, value] of Object.entries(input)) {
    const problem = typeof value === 'string' ? tooLong(value) : undefined
    if (problem !== undefined) errors[field as Field] = problem
  }
  if (Object.keys(errors).length > 0) return { errors, notes, outcome: undefined }

  const challenge = readChallenge(input.challenge, notes)
  const documentUrl = attempt('serverUrl', () => documentUrlOf(input.serverUrl, challenge))
  const resource =
    documentUrl === undefined
      ? undefined
      : attempt('resourceMetadata', () => readResource(input, documentUrl, notes))
  const expectedIssuer = resource?.metadata?.authorization_servers[0]
  const server = attempt('serverMetadata', () => readServer(input, expectedIssuer, notes))
  const client = readClient(input, server)
  if (client.problem !== undefined) notes['registration'] = [{ text: client.problem }]
  if (Object.keys(errors).length > 0 || resource === undefined || server === undefined) {
    return { errors, notes, outcome: undefined }
  }
  const outcome = decide(input, { challenge, resource, server, client })
  return { errors, notes, outcome }
}

interface Documents {
  readonly challenge: BearerChallenge | undefined
  readonly resource: ResourceReading
  readonly server: AuthorizationServerMetadata
  readonly client: ClientReading
}

interface ResourceReading {
  readonly metadata: ProtectedResourceMetadata | undefined
  /** What tokens are for. */
  readonly resource: string
}

function decide(
  input: PlaygroundInput,
  { challenge, resource, server, client }: Documents,
): Outcome {
  const profile = profileOf(input.profile, server.issuer)
  const { wantsRefreshToken, assumePkceS256 } = input
  const decision = negotiateScope(
    {
      challengeScope: challenge?.scope,
      protectedResource: resource.metadata,
      authorizationServer: server,
      client: { grant_types: client.grantTypes },
      previouslyRequested: input.previousScope,
      profile,
    },
    {
      wantsRefreshToken,
      additionalScope: input.additionalScope,
      withoutScope: input.withoutScope,
      prompt: input.prompt,
    },
  )
  const fromProfile = applyProviderProfile(profile, resource.resource, { wantsRefreshToken })
  const pkce = decidePkce(server, {
    assumeS256: assumePkceS256,
    knownProduct: profile.pkceS256 === 'known' ? profile.name : undefined,
  })
  const isStopped = pkce.action === 'refuse' || client.problem !== undefined
  return {
    challenge,
    profile,
    decision,
    pkce,
    client,
    authorizationUrl: isStopped
      ? undefined
      : buildAuthorizationUrl(server, {
          clientId: client.clientId,
          redirectUri: client.redirectUri,
          ...exampleSecrets,
          decision,
          fromProfile,
        }),
    deviations: fromProfile.warnings,
    forecast: forecastSignIn(
      {
        metadata: server,
        profile,
        resource: resource.resource,
        decision,
        grantTypes: client.grantTypes,
      },
      { wantsRefreshToken, assumePkceS256 },
    ),
  }
}

/** A client draws both for each request. The challenge is the example of RFC 7636, appendix B. */
const exampleSecrets = {
  state: 'Qm9uam91ciBsZXMgYW1pcw',
  codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
}

function profileOf(chosen: string, issuer: string): ProviderProfile {
  if (chosen === 'detected') return selectProviderProfile(issuer)
  return providerProfiles.find(({ id }) => id === chosen) ?? standardProfile
}

function readChallenge(
  text: string,
  notes: Partial<Record<Field, readonly Note[]>>,
): BearerChallenge | undefined {
  // The whole header line is pasted more often than its value.
  const value = text.trim().replace(/^www-authenticate\s*:\s*/i, '')
  const challenge = readBearerChallenge(value)
  if (value !== '' && challenge === undefined) {
    notes['challenge'] = [
      {
        text: 'There is no Bearer and no DPoP challenge, so the client searches the well-known URIs.',
      },
    ]
  }
  return challenge
}

/** Where the client finds the metadata of the MCP server. */
function documentUrlOf(serverUrl: string, challenge: BearerChallenge | undefined): string {
  const [first] = protectedResourceMetadataUrls(serverUrl.trim(), {
    challengeUrl: challenge?.resource_metadata,
  })
  return first?.url ?? serverUrl
}

function readResource(
  { serverUrl, resourceMetadata }: PlaygroundInput,
  documentUrl: string,
  notes: Partial<Record<Field, readonly Note[]>>,
): ResourceReading {
  if (resourceMetadata.trim() === '') {
    notes['resourceMetadata'] = [
      { text: 'Without this document, the issuer of the metadata below is used as it is.' },
    ]
    return { metadata: undefined, resource: serverUrl.trim() }
  }
  const document = readJson(resourceMetadata, 'The protected resource metadata')
  const { metadata, warnings } = parseProtectedResourceMetadata(document, serverUrl.trim(), {
    documentUrl,
  })
  notes['resourceMetadata'] = warnings.map((warning) => noteOf(warning))
  return { metadata, resource: metadata.resource }
}

function readServer(
  { serverMetadata }: PlaygroundInput,
  expectedIssuer: string | undefined,
  notes: Partial<Record<Field, readonly Note[]>>,
): AuthorizationServerMetadata {
  const document = readJson(serverMetadata, 'The authorization server metadata')
  const issuer = expectedIssuer ?? ownIssuer(document)
  const { metadata, warnings } = parseAuthorizationServerMetadata(document, issuer)
  notes['serverMetadata'] = warnings.map((warning) => noteOf(warning))
  return metadata
}

function ownIssuer(document: unknown): string {
  const isObject = typeof document === 'object' && document !== null && 'issuer' in document
  return isObject ? String(document.issuer) : ''
}

function noteOf({ message, requirement }: MetadataWarning): Note {
  return { text: `${message}.`, requirement }
}
