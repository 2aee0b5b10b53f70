import type { MetadataWarning } from './authorization-server-metadata.ts'
import { ProtocolError } from './errors.ts'
import { readBoolean, readScopeList, readString, readStringList } from './json-members.ts'
import { isRecord, showRemote } from './remote-text.ts'
import { relateResource } from './resource-identifier.ts'
import { offlineAccess } from './scope.ts'
import { parseIssuer } from './well-known.ts'

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
  readonly resource_name?: string
  readonly resource_documentation?: string
  readonly dpop_bound_access_tokens_required?: boolean
}

/** A usable document, and what was wrong with it all the same. */
export interface ProtectedResourceMetadataReading {
  readonly metadata: ProtectedResourceMetadata
  readonly warnings: readonly MetadataWarning[]
}

/**
 * Validates protected resource metadata for the MCP server it was asked for.
 *
 * @param document - The parsed JSON document.
 * @param mcpServerUrl - The URL the client calls. The document's `resource` must be the same, or a
 *   folder above it on the same origin.
 * @throws {ProtocolError} `METADATA_INVALID` where it is no object, or names no resource or no
 *   usable authorization server; `RESOURCE_MISMATCH` where it belongs to another resource.
 * @see RFC 9728 §3.3
 */
export function parseProtectedResourceMetadata(
  document: unknown,
  mcpServerUrl: string,
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
    warnings.push({
      code: 'resource-covers-url',
      requirement: undefined,
      message:
        `resource is ${showRemote(resource)}, a folder above ${showRemote(mcpServerUrl)}; ` +
        'RFC 9728 §3.3 asks for the same',
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
  const name = readString(document, 'resource_name', report)
  const documentation = readString(document, 'resource_documentation', report)
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
