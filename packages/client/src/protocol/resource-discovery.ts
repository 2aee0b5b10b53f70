import type {
  ProtectedResourceMetadataLocation,
  ProtectedResourceMetadataReading,
} from '@evergrant/core/metadata'
import {
  parseProtectedResourceMetadata,
  protectedResourceMetadataUrls,
} from '@evergrant/core/metadata'
import type { Assumption } from '../lib/assumption.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { HttpAnswer } from './http.ts'
import { refuseLocalTarget } from './local-targets.ts'
import type { MetadataAttempt, MetadataOptions } from './metadata-document.ts'
import {
  attemptOf,
  describeAttempts,
  failureOf,
  getMetadata,
  protocolCall,
  readDocument,
  skippedDocuments,
} from './metadata-document.ts'

/** Options of {@link discoverProtectedResource}. */
export interface ResourceDiscoveryOptions extends MetadataOptions {
  /** `resource_metadata` of the challenge. */
  readonly resourceMetadataUrl?: string | undefined
  /**
   * A `resource` that covers more than the URL of the MCP server, such as `https://host`, and that is
   * accepted wherever the metadata is published. Without it, only the well-known URI of the origin
   * may claim one, because its tokens are valid for everything below it.
   */
  readonly acceptedResource?: string | undefined
}

/** The protected resource metadata of an MCP server, or where it was searched. */
export type ResourceDiscovery =
  | (ProtectedResourceMetadataReading & { readonly assumptions: readonly Assumption[] })
  /** No metadata exists. */
  | { readonly metadata: undefined; readonly attempts: readonly MetadataAttempt[] }

const what = 'The protected resource metadata could not be fetched'

/**
 * Finds the protected resource metadata (C-30): at the URL of the challenge, otherwise at the
 * well-known URI with the path of the server, otherwise at the one of the origin. A document that
 * cannot be used is skipped and reported, and the next location is tried.
 *
 * @throws EvergrantClientError
 * - `DISCOVERY_FAILED`, `METADATA_MISMATCH`, `RESOURCE_TOO_WIDE`: metadata exists, and none of it can
 *   be used. The message lists each location.
 * - `TEMPORARILY_UNAVAILABLE`: a server does not answer or fails; try again.
 */
export async function discoverProtectedResource(
  serverUrl: string,
  options: ResourceDiscoveryOptions = {},
): Promise<ResourceDiscovery> {
  const challengeUrl = options.resourceMetadataUrl
  const locations = protocolCall(() => protectedResourceMetadataUrls(serverUrl, { challengeUrl }))
  const attempts: MetadataAttempt[] = []
  /** Why metadata that exists cannot be used. */
  let refusal: EvergrantClientError | undefined
  for (const location of locations) {
    const result = await tryLocation(location, serverUrl, options)
    if ('metadata' in result) {
      const assumptions = skippedDocuments(attempts, location.url)
      return { ...result, assumptions }
    }
    attempts.push(result.attempt)
    refusal ??= result.refusal
  }
  if (refusal === undefined && challengeUrl === undefined) return { metadata: undefined, attempts }
  throw nothingUsable(serverUrl, attempts, refusal)
}

interface UnusableLocation {
  readonly attempt: MetadataAttempt
  readonly refusal?: EvergrantClientError
}

async function tryLocation(
  { url, place }: ProtectedResourceMetadataLocation,
  serverUrl: string,
  options: ResourceDiscoveryOptions,
): Promise<ProtectedResourceMetadataReading | UnusableLocation> {
  let answer: HttpAnswer
  try {
    refuseLocalTarget({ who: 'MCP server', url: serverUrl }, url, 'protected resource metadata')
    answer = await getMetadata(url, what, options)
  } catch (error) {
    // At the well-known URLs, a document that cannot be read now may be the right one. A challenge
    // can name anything.
    if (place !== 'challenge' || !EvergrantClientError.is(error)) throw error
    return { attempt: { url, found: error.message, isUnexpected: true }, refusal: error }
  }
  const failure = failureOf(url, what, answer, options)
  if (failure !== undefined) {
    if (isPassing(answer.status, place)) throw failure
    return { attempt: { ...attemptOf(url, answer), isUnexpected: true }, refusal: failure }
  }
  return readLocation({ url, place }, answer, serverUrl, options)
}

/**
 * Whether to wait for the document instead of trying the next location, whose document might name
 * another authorization server. Some servers answer unknown paths with status 500.
 */
function isPassing(status: number, place: ProtectedResourceMetadataLocation['place']): boolean {
  if (status === 429 || status === 503) return true
  return place !== 'challenge' && status !== 500
}

function readLocation(
  { url, place }: ProtectedResourceMetadataLocation,
  answer: HttpAnswer,
  serverUrl: string,
  { acceptedResource }: ResourceDiscoveryOptions,
): ProtectedResourceMetadataReading | UnusableLocation {
  const document = readDocument(answer)
  if (document === undefined) return { attempt: expected(attemptOf(url, answer), place) }
  // Frameworks answer at unknown paths with JSON, too.
  if (document['resource'] === undefined) {
    return { attempt: expected(attemptOf(url, answer, 'no member "resource"'), place) }
  }
  try {
    return protocolCall(() =>
      parseProtectedResourceMetadata(document, serverUrl, { documentUrl: url, acceptedResource }),
    )
  } catch (error) {
    // A wider resource is a decision of the host, also if another document would do.
    if (!EvergrantClientError.is(error) || error.code === 'RESOURCE_TOO_WIDE') throw error
    return { attempt: attemptOf(url, answer, error.message), refusal: error }
  }
}

/** A document at a URL that a challenge names is expected, whatever the answer. */
function expected(
  attempt: MetadataAttempt,
  place: ProtectedResourceMetadataLocation['place'],
): MetadataAttempt {
  return place === 'challenge' ? { ...attempt, isUnexpected: true } : attempt
}

function nothingUsable(
  serverUrl: string,
  attempts: readonly MetadataAttempt[],
  refusal: EvergrantClientError | undefined,
): EvergrantClientError {
  // With one location, the refusal says everything.
  if (refusal !== undefined && attempts.length === 1) return refusal
  const lead = refusal === undefined ? '' : `${refusal.message} `
  return new EvergrantClientError(
    refusal?.code ?? 'DISCOVERY_FAILED',
    `${lead}The MCP server ${serverUrl} has no usable protected resource metadata: tried ${describeAttempts(attempts)}. Ask its operator to correct the document or the challenge.`,
    { cause: refusal, retryAfterSeconds: refusal?.retryAfterSeconds },
  )
}
