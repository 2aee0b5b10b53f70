import type { MetadataWarning } from './authorization-server-metadata.ts'
import { ProtocolError } from '../lib/errors.ts'
import {
  readBoolean,
  readScopeList,
  readString,
  readStringList,
  readWebPage,
} from './json-members.ts'
import { cleanRemoteText, isRecord, showRemote } from '../lib/remote-text.ts'
import { canonicalResource, relateResource } from './resource-identifier.ts'
import { offlineAccess } from '../scope/scope.ts'
import { parseIssuer } from './issuer-url.ts'
import { isOriginsOwnResourceMetadata } from './well-known.ts'

/**
 * Protected resource metadata: the members that this project uses, with validated types and the
 * names of the wire.
 *
 * @see RFC 9728 §2
 */
export interface ProtectedResourceMetadata {
  /** Exactly as in the document. Use it as the `resource` parameter. */
  readonly resource: string
  /** At least one issuer. All are usable. */
  readonly authorization_servers: readonly [string, ...string[]]
  /** May contain `offline_access` against the rules. Scope negotiation removes it. */
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported?: readonly string[]
  /** Cleaned and truncated text of the server. Mark it as such when you show it. */
  readonly resource_name?: string
  readonly resource_documentation?: string
  readonly dpop_bound_access_tokens_required?: boolean
}

/** Usable metadata, and warnings about the document. */
export interface ProtectedResourceMetadataReading {
  readonly metadata: ProtectedResourceMetadata
  readonly warnings: readonly MetadataWarning[]
}

/** Options of {@link parseProtectedResourceMetadata}. */
export interface ParseProtectedResourceMetadataOptions {
  /**
   * The requested URL of the document, before any redirect. It decides whether the document may
   * claim a `resource` that is wider than the URL of the MCP server.
   */
  readonly documentUrl?: string | undefined
  /** A wider `resource` that is accepted from any document, because the user named it. */
  readonly acceptedResource?: string | undefined
}

/**
 * Validates the protected resource metadata of an MCP server.
 *
 * Tokens for a `resource` that covers more than the MCP server's URL, such as the whole origin, are
 * valid everywhere below it. Only a document under the origin's own
 * `/.well-known/oauth-protected-resource` may claim one, because a tenant that is confined to a path
 * of the origin cannot write there.
 *
 * @param document - The parsed JSON document.
 * @param mcpServerUrl - The URL that the client calls. The document's `resource` must equal it, or
 *   cover it and be allowed to.
 * @throws {ProtocolError} `METADATA_INVALID` if the document is not an object, or names no resource
 *   or no usable authorization server; `URL_INVALID` if its resource is not a URL;
 *   `RESOURCE_MISMATCH` if it belongs to another resource; `RESOURCE_TOO_WIDE` if it claims more
 *   than it may.
 * @see RFC 9728 §3.3 and §7.3
 */
export function parseProtectedResourceMetadata(
  document: unknown,
  mcpServerUrl: string,
  options: ParseProtectedResourceMetadataOptions = {},
): ProtectedResourceMetadataReading {
  if (!isRecord(document)) {
    throw new ProtocolError(
      'METADATA_INVALID',
      `The protected resource metadata is ${showRemote(document)}, not a JSON object.`,
    )
  }
  const { resource } = document
  if (typeof resource !== 'string' || resource === '') {
    throw new ProtocolError(
      'METADATA_INVALID',
      `The protected resource metadata has the resource ${showRemote(resource)} ` +
        '(expected the URL of the MCP server, RFC 9728 §2). Fix it at the server.',
    )
  }
  const warnings: MetadataWarning[] = []
  const relation = relateResource(resource, mcpServerUrl)
  if (relation === 'different') {
    throw new ProtocolError(
      'RESOURCE_MISMATCH',
      `The protected resource metadata is for ${showRemote(resource)} (expected ` +
        `${showRemote(mcpServerUrl)}), so it must not be used (RFC 9728 §3.3). ` +
        'Fix "resource" at the server, or the URL of the server.',
    )
  }
  if (relation === 'covers') {
    assertMayCover(resource, mcpServerUrl, options)
    warnings.push({
      code: 'resource-covers-url',
      requirement: undefined,
      message:
        `resource is ${showRemote(resource)}, which covers more than ${showRemote(mcpServerUrl)}: ` +
        'tokens for it are valid everywhere below it. RFC 9728 §3.3 requires the same URL',
    })
  }
  const report = (member: string, why: string): void => {
    warnings.push({
      code: 'member-ignored',
      requirement: undefined,
      message: `${member} ${why}; it was left out`,
    })
  }
  const authorizationServers = readAuthorizationServers(document, warnings, report)
  const scopes = readScopeList(document, 'scopes_supported', report)
  if (scopes?.includes(offlineAccess) === true) {
    warnings.push({
      code: 'offline-access-in-resource-scopes',
      requirement: 'S-02',
      message:
        'scopes_supported of the protected resource lists offline_access, which concerns only the ' +
        'client and the authorization server',
    })
  }
  const bearerMethods = readStringList(document, 'bearer_methods_supported', report)
  const name = cleanRemoteText(readString(document, 'resource_name', report))
  const documentation = readWebPage(document, 'resource_documentation', report)
  const dpopRequired = readBoolean(document, 'dpop_bound_access_tokens_required', report)
  return {
    metadata: {
      resource,
      authorization_servers: authorizationServers,
      ...(scopes === undefined ? {} : { scopes_supported: scopes }),
      ...(bearerMethods === undefined ? {} : { bearer_methods_supported: bearerMethods }),
      ...(name === undefined ? {} : { resource_name: name }),
      ...(documentation === undefined ? {} : { resource_documentation: documentation }),
      ...(dpopRequired === undefined ? {} : { dpop_bound_access_tokens_required: dpopRequired }),
    },
    warnings,
  }
}

function assertMayCover(
  resource: string,
  mcpServerUrl: string,
  { documentUrl, acceptedResource }: ParseProtectedResourceMetadataOptions,
): void {
  if (documentUrl !== undefined && isOriginsOwnResourceMetadata(documentUrl, mcpServerUrl)) return
  if (
    acceptedResource !== undefined &&
    canonicalResource(acceptedResource) === canonicalResource(resource)
  ) {
    return
  }
  const place = documentUrl === undefined ? '' : ` at ${showRemote(documentUrl)}`
  throw new ProtocolError(
    'RESOURCE_TOO_WIDE',
    `The protected resource metadata${place} claims the resource ${showRemote(resource)}, which ` +
      `covers more than ${showRemote(mcpServerUrl)}. Only a document under ` +
      `${new URL(mcpServerUrl).origin}/.well-known/oauth-protected-resource may claim that. Set ` +
      '"resource" to the URL of the MCP server there, or, if you trust everything below the wider ' +
      'resource with the tokens, accept it with the option acceptedResource (evergrant login --resource).',
  )
}

function readAuthorizationServers(
  document: Readonly<Record<string, unknown>>,
  warnings: MetadataWarning[],
  report: (member: string, why: string) => void,
): readonly [string, ...string[]] {
  const listed = readStringList(document, 'authorization_servers', report) ?? []
  const usable = listed.filter((issuer) => {
    try {
      parseIssuer(issuer)
      return true
    } catch (error) {
      warnings.push({
        code: 'authorization-server-ignored',
        requirement: undefined,
        message: error instanceof Error ? error.message : 'authorization_servers contains no URL',
      })
      return false
    }
  })
  const [first, ...others] = usable
  if (first === undefined) {
    throw new ProtocolError(
      'METADATA_INVALID',
      `The protected resource metadata has the authorization_servers ` +
        `${showRemote(document['authorization_servers'])} (expected at least one https URL). ` +
        'Fix it at the server.',
    )
  }
  return [first, ...others]
}
