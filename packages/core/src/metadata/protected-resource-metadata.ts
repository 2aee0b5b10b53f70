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
import { isOriginsOwnResourceMetadata, parseIssuer } from './well-known.ts'

/**
 * Protected resource metadata, the members this project uses, each of the type it must have. The
 * wire's names are kept.
 *
 * @see RFC 9728 §2
 */
export interface ProtectedResourceMetadata {
  /** As the document spells it: this is the value for the `resource` parameter. */
  readonly resource: string
  /** Issuers, at least one, each usable. */
  readonly authorization_servers: readonly [string, ...string[]]
  /** May hold `offline_access`, against the rules: scope negotiation takes it out. */
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported?: readonly string[]
  /** Without control characters, cut short. Text of a stranger: show it as such. */
  readonly resource_name?: string
  readonly resource_documentation?: string
  readonly dpop_bound_access_tokens_required?: boolean
}

/** A usable document, and what was wrong with it all the same. */
export interface ProtectedResourceMetadataReading {
  readonly metadata: ProtectedResourceMetadata
  readonly warnings: readonly MetadataWarning[]
}

/** Options of {@link parseProtectedResourceMetadata}. */
export interface ParseProtectedResourceMetadataOptions {
  /**
   * The URL that the document was asked for at, before any redirect. It decides whether the
   * document may claim a `resource` that is wider than the URL of the MCP server.
   */
  readonly documentUrl?: string | undefined
  /** A wider `resource` that is accepted wherever the document lies, because the user named it. */
  readonly acceptedResource?: string | undefined
}

/**
 * Validates protected resource metadata for the MCP server it was asked for.
 *
 * A `resource` that covers more than the MCP server's URL, such as the whole origin, gets tokens
 * that are good at everything below it. Only a document under the origin's own
 * `/.well-known/oauth-protected-resource` may claim one, since a tenant that is confined to a path
 * of the origin cannot write there.
 *
 * @param document - The parsed JSON document.
 * @param mcpServerUrl - The URL the client calls. The document's `resource` must be the same, or
 *   one that covers it and that the document may claim.
 * @throws {ProtocolError} `METADATA_INVALID` where it is no object, or names no resource or no
 *   usable authorization server; `URL_INVALID` where its resource is not a URL; `RESOURCE_MISMATCH`
 *   where it belongs to another resource; `RESOURCE_TOO_WIDE` where it claims more than it may.
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
      `The protected resource metadata has the resource ${showRemote(resource)}. ` +
        'Expected the URL of the MCP server (RFC 9728 §2).',
    )
  }
  const warnings: MetadataWarning[] = []
  const relation = relateResource(resource, mcpServerUrl)
  if (relation === 'different') {
    throw new ProtocolError(
      'RESOURCE_MISMATCH',
      `The protected resource metadata is for ${showRemote(resource)}, not for ` +
        `${showRemote(mcpServerUrl)}, so it must not be used (RFC 9728 §3.3). ` +
        'Correct "resource" at the server, or the URL of the server.',
    )
  }
  if (relation === 'covers') {
    assertMayCover(resource, mcpServerUrl, options)
    warnings.push({
      code: 'resource-covers-url',
      requirement: undefined,
      message:
        `resource is ${showRemote(resource)}, which covers more than ${showRemote(mcpServerUrl)}: ` +
        'tokens for it are good at everything below it. RFC 9728 §3.3 asks for the same URL',
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
        'scopes_supported of the protected resource lists offline_access, which is a matter ' +
        'between client and authorization server',
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
      `${new URL(mcpServerUrl).origin}/.well-known/oauth-protected-resource may claim that. Name ` +
      'the URL of the MCP server as "resource" there, or accept the wider resource explicitly if ' +
      'you trust everything below it with the tokens.',
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
        message: error instanceof Error ? error.message : 'authorization_servers has no URL',
      })
      return false
    }
  })
  const [first, ...others] = usable
  if (first === undefined) {
    throw new ProtocolError(
      'METADATA_INVALID',
      `The protected resource metadata has the authorization_servers ` +
        `${showRemote(document['authorization_servers'])}. Expected at least one https URL.`,
    )
  }
  return [first, ...others]
}
