import type { Discovery } from '@evergrant/client'
import type { BearerChallenge, Challenge } from '@evergrant/core'
import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import type { ProviderProfile } from '@evergrant/core/providers'
import type { Exchange, Observations } from '../observations/observations.ts'

/** What a location of metadata answered. */
export type DocumentKind =
  /** A JSON object with the member that identifies the document. */
  | 'document'
  /** Another JSON value or object. Frameworks answer so at unknown paths. */
  | 'other-json'
  | 'html'
  | 'not-json'
  | 'redirect'
  | 'missing'
  | 'failing'
  | 'too-large'

/** A location of metadata, and what was found there. */
export interface DocumentEvidence {
  readonly url: string
  readonly exchange: Exchange
  readonly kind: DocumentKind
  readonly document?: Readonly<Record<string, unknown>>
}

/** The authorization server, as far as it was observed. */
export interface ServerEvidence {
  readonly issuer: string
  readonly documents: readonly DocumentEvidence[]
  /** The first document that a client uses. */
  readonly metadata?: AuthorizationServerMetadata
  /** The document that the metadata was read from. */
  readonly used?: DocumentEvidence
  readonly profile: ProviderProfile
}

/** How the MCP server treats a request without a token. */
export type Access =
  /** It gave no HTTP answer. */
  | 'unreachable'
  /** It requires a token: status 401. */
  | 'protected'
  /** It answers some requests without a token, and requires one for others. */
  | 'partly-protected'
  /** It answers every request that was tried. */
  | 'open'
  /** It refuses with another status than 401, in the way of a server that protects something. */
  | 'refused'
  | 'redirected'
  /** It fails or limits the rate, which says nothing about authorization. */
  | 'failing'
  /** The answer is not one of an MCP server. */
  | 'not-mcp'

/** The observations, read with the rules of `@evergrant/core` and the client's discovery. */
export interface Evidence {
  readonly observations: Observations
  readonly access: Access
  /** The request without a token that decided `access`. */
  readonly first: Exchange | undefined
  /** The answer with status 401. */
  readonly challenged: Exchange | undefined
  readonly challenges: readonly Challenge[]
  readonly challenge: BearerChallenge | undefined
  readonly invalidToken: Exchange | undefined
  readonly resourceDocuments: readonly DocumentEvidence[]
  readonly servers: readonly ServerEvidence[]
  /** What `discover` of `@evergrant/client` concludes from the same answers. */
  readonly discovery: DiscoveryOutcome | undefined
}

/** The result of the client's discovery. */
export type DiscoveryOutcome =
  | { readonly outcome: 'found'; readonly discovery: Discovery }
  | { readonly outcome: 'failed'; readonly code: string; readonly message: string }
