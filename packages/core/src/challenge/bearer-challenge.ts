import type { Challenge } from './challenge.ts'
import { formatChallenge, parseChallenges } from './challenge.ts'
import { cleanRemoteText } from '../lib/remote-text.ts'
import { formatScope, readScope } from '../scope/scope.ts'
import { isSecureEndpoint } from '../network/url.ts'

/**
 * A `Bearer` or `DPoP` challenge of a protected resource, with the member names of the wire. The
 * scope is split into its tokens.
 *
 * @see RFC 6750 §3, RFC 9728 §5.1, RFC 9449 §7.1
 */
export interface BearerChallenge {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly realm?: string
  /** The scope tokens that the operation requires, at least one; absent if none are named. */
  readonly scope?: readonly string[]
  /** `invalid_token`, `insufficient_scope`, `invalid_request` or another value of the server. */
  readonly error?: string
  /** Cleaned and truncated text of the server. Mark it as such when you show it. */
  readonly error_description?: string
  readonly error_uri?: string
  /** A URL that is safe to fetch: `https`, or `http` on a loopback host. */
  readonly resource_metadata?: string
  /** With `DPoP`: the accepted algorithms of proofs (RFC 9449 §7.1). */
  readonly algs?: readonly string[]
}

/**
 * Reads the challenge of a protected resource: the most specific `Bearer` challenge, otherwise the
 * `DPoP` challenge, because a gateway may have added a challenge without parameters. Returns
 * `undefined` if there is neither. A `resource_metadata` that is not safe to fetch counts as absent,
 * and so does an empty scope.
 *
 * @param header - One or more `WWW-Authenticate` values, or parsed challenges.
 */
export function readBearerChallenge(
  header: string | readonly string[] | readonly Challenge[] | null | undefined,
): BearerChallenge | undefined {
  const challenges = isParsed(header) ? header : parseChallenges(header)
  const find = (scheme: string) => {
    const candidates = challenges.filter((challenge) => challenge.scheme.toLowerCase() === scheme)
    return (
      identifyingParameters.reduce<Challenge | undefined>(
        (found, name) => found ?? candidates.find(({ parameters }) => parameters.has(name)),
        undefined,
      ) ?? candidates[0]
    )
  }
  const bearer = find('bearer')
  const found = bearer ?? find('dpop')
  if (found === undefined) return undefined
  const text = (name: string, length?: number) =>
    cleanRemoteText(found.parameters.get(name), length)
  const scope = readScope(found.parameters.get('scope')).tokens
  const resourceMetadata = found.parameters.get('resource_metadata')
  const optional = {
    realm: text('realm'),
    scope: scope.length === 0 ? undefined : scope,
    error: text('error', 100),
    error_description: text('error_description'),
    error_uri: text('error_uri'),
    resource_metadata:
      resourceMetadata !== undefined && isSecureEndpoint(resourceMetadata)
        ? resourceMetadata
        : undefined,
    algs: text('algs')
      ?.split(' ')
      .filter((algorithm) => algorithm !== ''),
  }
  return {
    scheme: bearer === undefined ? 'DPoP' : 'Bearer',
    ...(optional.realm === undefined ? {} : { realm: optional.realm }),
    ...(optional.scope === undefined ? {} : { scope: optional.scope }),
    ...(optional.error === undefined ? {} : { error: optional.error }),
    ...(optional.error_description === undefined
      ? {}
      : { error_description: optional.error_description }),
    ...(optional.error_uri === undefined ? {} : { error_uri: optional.error_uri }),
    ...(optional.resource_metadata === undefined
      ? {}
      : { resource_metadata: optional.resource_metadata }),
    ...(optional.algs === undefined ? {} : { algs: optional.algs }),
  }
}

/** The parameters that identify a challenge of the resource itself, in order of precedence. */
const identifyingParameters = ['resource_metadata', 'scope', 'error'] as const

function isParsed(
  header: string | readonly string[] | readonly Challenge[] | null | undefined,
): header is readonly Challenge[] {
  return Array.isArray(header) && header.every((entry) => typeof entry === 'object')
}

/**
 * Formats a `Bearer` or `DPoP` challenge. {@link readBearerChallenge} reads the result back.
 *
 * @throws {ProtocolError} `CHALLENGE_INVALID` or `SCOPE_INVALID`.
 */
export function formatBearerChallenge(challenge: BearerChallenge): string {
  const { scheme, scope, algs, ...texts } = challenge
  const members = {
    realm: texts.realm,
    error: texts.error,
    error_description: texts.error_description,
    error_uri: texts.error_uri,
    scope: scope === undefined ? undefined : formatScope(scope),
    resource_metadata: texts.resource_metadata,
    algs: algs?.join(' '),
  }
  const parameters = new Map<string, string>()
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) parameters.set(name, value)
  }
  return formatChallenge({ scheme, parameters })
}
