import type { AuthorizationServerMetadata, MetadataWarning } from '@evergrant/core/metadata'
import {
  authorizationServerMetadataUrls,
  parseAuthorizationServerMetadata,
} from '@evergrant/core/metadata'
import type { Assumption } from '../lib/assumption.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
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

/** Options of {@link discoverAuthorizationServer}. */
export interface ServerDiscoveryOptions extends MetadataOptions {
  /**
   * An issuer that the metadata may name, although its URL was made from another identifier. Set it
   * only if you know that it is the issuer of this server: the comparison protects from servers that
   * impersonate another one (C-32).
   */
  readonly trustedIssuer?: string | undefined
}

/** The metadata of an authorization server. */
export interface ServerDiscovery {
  readonly metadata: AuthorizationServerMetadata
  readonly warnings: readonly MetadataWarning[]
  readonly assumptions: readonly Assumption[]
}

const what = 'The authorization server metadata could not be fetched'

/**
 * Finds the metadata of an authorization server (C-31). It accepts only a document whose `issuer` is
 * the identifier that its URL was made from (C-32), and whose endpoints are not on this machine
 * unless the issuer is. A document that cannot be used is skipped and reported.
 */
export async function discoverAuthorizationServer(
  issuer: string,
  options: ServerDiscoveryOptions = {},
): Promise<ServerDiscovery> {
  const attempts: MetadataAttempt[] = []
  let mismatch: EvergrantClientError | undefined
  let failure: EvergrantClientError | undefined
  for (const { url } of protocolCall(() => authorizationServerMetadataUrls(issuer))) {
    const answer = await getMetadata(url, what, options)
    const failed = failureOf(url, what, answer, options)
    if (failed !== undefined) {
      // Trying the next URL is safe: its document must name the same issuer. Some servers answer
      // unknown paths with status 500.
      failure ??= failed
      attempts.push({ ...attemptOf(url, answer), isUnexpected: true })
      continue
    }
    const result = readServerMetadata(url, answer, issuer, options)
    if ('metadata' in result) {
      const assumptions = [...skippedDocuments(attempts, url), ...result.assumptions]
      return { ...result, assumptions }
    }
    attempts.push(result.attempt)
    // Another URL may have the right document: some servers return that of another issuer here.
    mismatch ??= result.mismatch
  }
  if (mismatch === undefined && failure !== undefined) throw failure
  const lead = mismatch === undefined ? '' : `${mismatch.message} `
  throw new EvergrantClientError(
    mismatch?.code ?? 'DISCOVERY_FAILED',
    `${lead}The authorization server ${quote(issuer)} has no usable metadata document: tried ${describeAttempts(attempts)}. Check the issuer in the protected resource metadata of the MCP server.`,
    { cause: mismatch },
  )
}

/** An answer that holds no usable metadata. */
export interface UnusableServerMetadata {
  readonly attempt: MetadataAttempt
  /** Present if a document names an issuer, so it exists. */
  readonly mismatch?: EvergrantClientError
}

/** Reads an answer as the metadata of an issuer. */
export function readServerMetadata(
  url: string,
  answer: HttpAnswer,
  issuer: string,
  { trustedIssuer }: Pick<ServerDiscoveryOptions, 'trustedIssuer'>,
): ServerDiscovery | UnusableServerMetadata {
  const document = readDocument(answer)
  if (document === undefined) return { attempt: attemptOf(url, answer) }
  const named = document['issuer']
  // Frameworks answer at unknown paths with JSON, too.
  if (named === undefined) return { attempt: attemptOf(url, answer, 'no member "issuer"') }
  try {
    const reading = protocolCall(() =>
      parseAuthorizationServerMetadata(document, issuer, { trustedIssuer }),
    )
    for (const [member, value] of Object.entries(reading.metadata)) {
      if (!member.endsWith('_endpoint') || typeof value !== 'string') continue
      refuseLocalTarget({ who: 'authorization server', url: issuer }, value, member)
    }
    const { metadata, warnings } = reading
    return {
      metadata,
      warnings: warnings.filter((warning) => !isIssuerWarning(warning)),
      assumptions: warnings.filter(isIssuerWarning).map(({ code, message }) => ({
        code,
        message: `At ${url}, ${message}.`,
      })),
    }
  } catch (error) {
    if (!EvergrantClientError.is(error)) throw error
    const mismatch = withTrustAdvice(error, named, url)
    return { attempt: attemptOf(url, answer, error.message), mismatch }
  }
}

/** A tolerated difference of issuers is an assumption, which is stored with the sign-in. */
function isIssuerWarning(
  warning: MetadataWarning,
): warning is MetadataWarning & { readonly code: 'issuer-slash-ignored' | 'issuer-trusted' } {
  return warning.code === 'issuer-slash-ignored' || warning.code === 'issuer-trusted'
}

function withTrustAdvice(
  error: EvergrantClientError,
  named: unknown,
  url: string,
): EvergrantClientError {
  if (error.code !== 'METADATA_MISMATCH' || typeof named !== 'string') return error
  return new EvergrantClientError(
    error.code,
    `${error.message} The document is ${url}. If you know that ${quote(named)} is the issuer of this server, set the option trustedIssuer to it, or use --trusted-issuer on the command line.`,
    { cause: error },
  )
}
