import type {
  AuthorizationServerMetadata,
  MetadataWarning,
  ProtectedResourceMetadata,
} from '@evergrant/core/metadata'
import { canonicalResource } from '@evergrant/core/metadata'
import type { Assumption } from '../lib/assumption.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import { refuseLocalTarget } from './local-targets.ts'
import type { MetadataAttempt } from './metadata-document.ts'
import {
  describeAttempts,
  failureOf,
  getMetadata,
  protocolCall,
  readDocument,
} from './metadata-document.ts'
import type { ResourceDiscoveryOptions } from './resource-discovery.ts'
import { discoverProtectedResource } from './resource-discovery.ts'
import type { ServerDiscoveryOptions } from './server-discovery.ts'
import { discoverAuthorizationServer, readServerMetadata } from './server-discovery.ts'

/** What is known about a server before the user signs in. */
export interface Discovery {
  /** The resource indicator: from the metadata, otherwise the canonical URI of the server. */
  readonly resource: string
  readonly authorizationServer: AuthorizationServerMetadata
  /** The issuer as the MCP server names it, if the metadata of that issuer spells it differently. */
  readonly namedIssuer?: string
  /** Absent for servers of the 2025-03-26 revision, which are also the authorization server. */
  readonly protectedResource: ProtectedResourceMetadata | undefined
  readonly warnings: readonly MetadataWarning[]
  /** What no server declared and the client relies on. */
  readonly assumptions: readonly Assumption[]
}

/** Options of {@link discover}. */
export interface DiscoverOptions extends ResourceDiscoveryOptions, ServerDiscoveryOptions {
  /**
   * Chooses one of several authorization servers. Default: the first one listed.
   */
  readonly chooseAuthorizationServer?:
    | ((issuers: readonly string[]) => string | Promise<string>)
    | undefined
}

/**
 * Finds the authorization server that protects an MCP server, and the metadata of both.
 *
 * @throws EvergrantClientError
 * - `DISCOVERY_FAILED`: no usable document at any URL. The message lists what was found at each.
 * - `METADATA_MISMATCH`: a document names another resource or issuer. `trustedIssuer` accepts another
 *   issuer.
 * - `RESOURCE_TOO_WIDE`: a document claims too wide a resource; `acceptedResource` allows it.
 * - `TEMPORARILY_UNAVAILABLE`: the server does not answer or fails; try again.
 * @see RFC 9728 §3 and §5, RFC 8414 §3, OpenID Connect Discovery §4
 */
export async function discover(
  serverUrl: string,
  options: DiscoverOptions = {},
): Promise<Discovery> {
  const found = await discoverProtectedResource(serverUrl, options)
  if (found.metadata === undefined) {
    return await discoverWithoutResourceMetadata(serverUrl, found.attempts, options)
  }
  const issuers = found.metadata.authorization_servers
  const issuer = (await options.chooseAuthorizationServer?.(issuers)) ?? issuers[0]
  if (!issuers.includes(issuer)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `chooseAuthorizationServer returned ${quote(issuer)} (expected one of ${issuers.map((one) => quote(one)).join(', ')}, which the MCP server names). Return one of them.`,
    )
  }
  refuseLocalTarget({ who: 'MCP server', url: serverUrl }, issuer, 'authorization server')
  const { metadata, warnings, assumptions } = await discoverAuthorizationServer(issuer, options)
  return {
    resource: found.metadata.resource,
    authorizationServer: metadata,
    ...(metadata.issuer === issuer ? {} : { namedIssuer: issuer }),
    protectedResource: found.metadata,
    warnings: [...found.warnings, ...warnings],
    assumptions: [...found.assumptions, ...assumptions],
  }
}

/**
 * Servers of the 2025-03-26 revision publish no protected resource metadata. They are also the
 * authorization server, and have default endpoints if they publish no metadata at all.
 *
 * @param attempts - Where protected resource metadata was searched.
 */
async function discoverWithoutResourceMetadata(
  serverUrl: string,
  attempts: readonly MetadataAttempt[],
  options: ServerDiscoveryOptions,
): Promise<Discovery> {
  const { origin } = new URL(serverUrl)
  const resource = protocolCall(() => canonicalResource(serverUrl))
  const shared = { resource, protectedResource: undefined }
  const url = `${origin}/.well-known/oauth-authorization-server`
  const what = 'The authorization server metadata could not be fetched'
  const answer = await getMetadata(url, what, options)
  const failure = failureOf(url, what, answer, options)
  if (failure !== undefined) throw failure
  // No document named the issuer. Two identifiers lead to this URL, with and without a slash at the
  // end, so either one is valid (C-32).
  const expected = readDocument(answer)?.['issuer'] === `${origin}/` ? `${origin}/` : origin
  const result = readServerMetadata(url, answer, expected, options)
  if ('metadata' in result) {
    const { metadata, warnings, assumptions } = result
    return { ...shared, authorizationServer: metadata, warnings, assumptions }
  }
  if (result.mismatch !== undefined) throw result.mismatch
  return {
    ...shared,
    authorizationServer: {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      // That revision requires PKCE of every server, and has no document that declares it.
      code_challenge_methods_supported: ['S256'],
    },
    warnings: [
      {
        code: 'member-ignored',
        requirement: 'S-10',
        message:
          'the MCP server publishes neither protected resource metadata nor authorization server ' +
          'metadata; the default endpoints of the 2025-03-26 revision are used',
      },
    ],
    assumptions: [guessedEndpoints(origin, [...attempts, result.attempt])],
  }
}

function guessedEndpoints(origin: string, attempts: readonly MetadataAttempt[]): Assumption {
  return {
    code: 'endpoints-guessed',
    message: `The endpoints were guessed because no metadata was found at ${describeAttempts(attempts)}. The client uses ${origin}/authorize, ${origin}/token and ${origin}/register.`,
  }
}
