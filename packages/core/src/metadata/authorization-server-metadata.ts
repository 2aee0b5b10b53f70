import { ProtocolError } from '../lib/errors.ts'
import {
  readBoolean,
  readEndpoint,
  readScopeList,
  readStringList,
  readWebPage,
} from './json-members.ts'
import { isRecord, showRemote } from '../lib/remote-text.ts'
import type { RequirementId } from '../requirements/requirement.ts'
import { parseEndpoint } from '../network/url.ts'
import { isSameIssuer, relateIssuers } from './issuer.ts'
import { parseIssuer } from './issuer-url.ts'

/** A mistake in a metadata document that is still usable. */
export interface MetadataWarning {
  readonly code:
    | 'member-ignored'
    | 'resource-covers-url'
    | 'offline-access-in-resource-scopes'
    | 'authorization-server-ignored'
    | 'issuer-slash-ignored'
    | 'issuer-trusted'
  /** The violated requirement, if there is one. */
  readonly requirement: RequirementId | undefined
  readonly message: string
}

/**
 * Authorization server metadata: the members that this project uses, with validated types and the
 * names of the wire.
 *
 * @see RFC 8414 §2, OpenID Connect Discovery §3
 */
export interface AuthorizationServerMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly registration_endpoint?: string
  readonly revocation_endpoint?: string
  readonly introspection_endpoint?: string
  readonly pushed_authorization_request_endpoint?: string
  readonly require_pushed_authorization_requests?: boolean
  readonly jwks_uri?: string
  /** RFC 8628 §4 */
  readonly device_authorization_endpoint?: string
  readonly userinfo_endpoint?: string
  readonly scopes_supported?: readonly string[]
  readonly response_types_supported?: readonly string[]
  readonly grant_types_supported?: readonly string[]
  readonly token_endpoint_auth_methods_supported?: readonly string[]
  readonly code_challenge_methods_supported?: readonly string[]
  readonly prompt_values_supported?: readonly string[]
  readonly dpop_signing_alg_values_supported?: readonly string[]
  readonly id_token_signing_alg_values_supported?: readonly string[]
  readonly subject_types_supported?: readonly string[]
  /** draft-ietf-oauth-refresh-token-expiration: `authorization`, `token_timeout` */
  readonly refresh_token_expiration_types_supported?: readonly string[]
  readonly client_id_metadata_document_supported?: boolean
  readonly authorization_response_iss_parameter_supported?: boolean
  readonly service_documentation?: string
}

/** Usable metadata, and warnings about the document. */
export interface AuthorizationServerMetadataReading {
  readonly metadata: AuthorizationServerMetadata
  readonly warnings: readonly MetadataWarning[]
}

const endpoints = [
  'registration_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
  'pushed_authorization_request_endpoint',
  'device_authorization_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
] as const

const stringLists = [
  'response_types_supported',
  'grant_types_supported',
  'token_endpoint_auth_methods_supported',
  'code_challenge_methods_supported',
  'prompt_values_supported',
  'dpop_signing_alg_values_supported',
  'id_token_signing_alg_values_supported',
  'subject_types_supported',
  'refresh_token_expiration_types_supported',
] as const

const booleans = [
  'require_pushed_authorization_requests',
  'client_id_metadata_document_supported',
  'authorization_response_iss_parameter_supported',
] as const

/** Options of {@link parseAuthorizationServerMetadata}. */
export interface ParseAuthorizationServerMetadataOptions {
  /**
   * Another issuer that the document may name, because the user or the host trusts it for this
   * server.
   */
  readonly trustedIssuer?: string | undefined
}

/**
 * Validates authorization server metadata. Unknown members are left out. An optional member of the
 * wrong type, or an optional endpoint that is not secure, is left out with a warning.
 *
 * @param document - The parsed JSON document.
 * @param expectedIssuer - The issuer that the metadata URL was built from. Compared as a string. Only
 *   the slash of an empty path may differ, with a warning.
 * @throws {ProtocolError} `METADATA_INVALID`, `ISSUER_MISMATCH`, or `URL_INVALID` and
 *   `ENDPOINT_NOT_SECURE` for the two required endpoints.
 * @see RFC 8414 §3.3
 */
export function parseAuthorizationServerMetadata(
  document: unknown,
  expectedIssuer: string,
  options: ParseAuthorizationServerMetadataOptions = {},
): AuthorizationServerMetadataReading {
  if (!isRecord(document)) {
    throw new ProtocolError(
      'METADATA_INVALID',
      `The authorization server metadata is ${showRemote(document)}, not a JSON object.`,
    )
  }
  const { issuer } = document
  const accepted = acceptIssuer(issuer, expectedIssuer, options)
  if (accepted === 'refused') {
    throw new ProtocolError(
      'ISSUER_MISMATCH',
      `The authorization server metadata names the issuer ${showRemote(issuer)} (expected exactly ` +
        `${showRemote(expectedIssuer)}, including the path). ` +
        'Fix authorization_servers in the protected resource metadata, or the issuer.',
    )
  }
  parseIssuer(issuer)

  const warnings: MetadataWarning[] = accepted === undefined ? [] : [accepted]
  const report = (member: string, why: string): void => {
    warnings.push({
      code: 'member-ignored',
      requirement: undefined,
      message: `${member} ${why}; it was left out`,
    })
  }
  const metadata: Record<string, unknown> = {
    issuer,
    authorization_endpoint: requiredEndpoint(document, 'authorization_endpoint'),
    token_endpoint: requiredEndpoint(document, 'token_endpoint'),
    scopes_supported: readScopeList(document, 'scopes_supported', report),
    service_documentation: readWebPage(document, 'service_documentation', report),
  }
  for (const member of endpoints) metadata[member] = readEndpoint(document, member, report)
  for (const member of stringLists) metadata[member] = readStringList(document, member, report)
  for (const member of booleans) metadata[member] = readBoolean(document, member, report)
  for (const [member, value] of Object.entries(metadata)) {
    if (value === undefined) delete metadata[member]
  }
  // The readers above have validated the type of every member.
  return { metadata: metadata as unknown as AuthorizationServerMetadata, warnings }
}

/** @returns A warning if the issuer is accepted although it is not identical. */
function acceptIssuer(
  issuer: unknown,
  expectedIssuer: string,
  { trustedIssuer }: ParseAuthorizationServerMetadataOptions,
): MetadataWarning | undefined | 'refused' {
  if (typeof issuer !== 'string') return 'refused'
  const relation = relateIssuers(issuer, expectedIssuer)
  if (relation === 'identical') return undefined
  const names =
    `the authorization server metadata names the issuer ${showRemote(issuer)}, ` +
    `not ${showRemote(expectedIssuer)}`
  if (relation === 'equivalent') {
    return {
      code: 'issuer-slash-ignored',
      requirement: 'C-32',
      message: `${names}; the slash of an empty path makes no difference (RFC 3986 §6.2.3)`,
    }
  }
  if (trustedIssuer === undefined || !isSameIssuer(issuer, trustedIssuer)) return 'refused'
  return {
    code: 'issuer-trusted',
    requirement: 'C-32',
    message: `${names}; it is accepted because it was named as trusted for this server`,
  }
}

function requiredEndpoint(
  document: Readonly<Record<string, unknown>>,
  member: 'authorization_endpoint' | 'token_endpoint',
): string {
  const value = document[member]
  if (value === undefined || value === null || value === '') {
    throw new ProtocolError(
      'METADATA_INVALID',
      `The authorization server metadata has no ${member} (required for the authorization code flow). Add it there.`,
    )
  }
  return parseEndpoint(value, member)
}
