import { showRemote } from '@evergrant/core'
import { canonicalResource, protectedResourceMetadataUrls } from '@evergrant/core/metadata'
import { defaultProofAlgorithms } from '../dpop/options.ts'
import type { DpopOptions } from '../dpop/options.ts'
import { ResourceServerError } from '../lib/errors.ts'
import { assertResourceScopes } from '../scope/scopes.ts'
import { assertTrustedUrl } from '../lib/urls.ts'

/** Input of {@link protectedResourceMetadata}. */
export interface ProtectedResourceMetadataInput {
  /** Canonical URI of this MCP server. Clients compare it character by character. */
  readonly resource: string
  /** Issuers of the authorization servers whose tokens are accepted, at least one. */
  readonly authorizationServers: readonly string[]
  /** The scopes for ordinary use. Clients request others by step-up. */
  readonly scopesSupported?: readonly string[]
  /** Shown to users. */
  readonly resourceName?: string
  readonly resourceDocumentation?: string
  /** Whether and how proofs of possession are verified. Default: not. */
  readonly dpop?: Pick<DpopOptions, 'algorithms' | 'isRequired'>
}

/** Protected resource metadata, with the member names of the wire (RFC 9728 §2). */
export interface ProtectedResourceMetadataDocument {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
  readonly scopes_supported?: readonly string[]
  readonly resource_name?: string
  readonly resource_documentation?: string
  readonly dpop_signing_alg_values_supported?: readonly string[]
  readonly dpop_bound_access_tokens_required?: boolean
}

/**
 * Builds protected resource metadata.
 *
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE`, `RESOURCE_INVALID`,
 * `AUTHORIZATION_SERVER_MISSING`, `AUTHORIZATION_SERVER_INVALID`, `SCOPE_INVALID`.
 * @see RFC 9728 §2, SEP-2207
 */
export function protectedResourceMetadata(
  input: ProtectedResourceMetadataInput,
): ProtectedResourceMetadataDocument {
  const { scopesSupported, resourceName, resourceDocumentation, dpop } = input
  assertResourceScopes(scopesSupported ?? [], 'scopesSupported')
  assertResource(input.resource)
  assertIssuers(input.authorizationServers)
  return {
    resource: input.resource,
    authorization_servers: [...input.authorizationServers],
    bearer_methods_supported: ['header'],
    // RFC 9728 §3.2: leave out an empty list.
    ...(scopesSupported?.length ? { scopes_supported: [...scopesSupported] } : {}),
    ...(resourceName === undefined ? {} : { resource_name: resourceName }),
    ...(resourceDocumentation === undefined
      ? {}
      : { resource_documentation: resourceDocumentation }),
    ...(dpop === undefined
      ? {}
      : { dpop_signing_alg_values_supported: [...(dpop.algorithms ?? defaultProofAlgorithms)] }),
    ...(dpop?.isRequired === true ? { dpop_bound_access_tokens_required: true } : {}),
  }
}

/**
 * Returns the URL of a resource's metadata: the well-known name between host and path.
 *
 * @throws {ResourceServerError} `RESOURCE_INVALID`.
 * @see RFC 9728 §3.1
 */
export function protectedResourceMetadataUrl(resource: string): string {
  assertResource(resource)
  const [{ url } = { url: '' }] = protectedResourceMetadataUrls(resource)
  return url
}

/** Clients compare the identifier as a string, so only the canonical form works (RFC 8707 §2). */
function assertResource(resource: string): void {
  assertTrustedUrl(resource, 'RESOURCE_INVALID', 'resource identifier')
  const canonical = canonicalResource(resource)
  if (resource === canonical) return
  throw new ResourceServerError(
    'RESOURCE_INVALID',
    `The resource identifier ${showRemote(resource)} is not canonical, so tokens for it would ` +
      `not match. Write it as ${showRemote(canonical)}.`,
  )
}

function assertIssuers(issuers: readonly string[]): void {
  if (issuers.length === 0) {
    throw new ResourceServerError(
      'AUTHORIZATION_SERVER_MISSING',
      'No authorization server is named (expected at least one issuer, RFC 9728 §2). MCP clients ' +
        'find it in this metadata. Add its issuer.',
    )
  }
  for (const [index, issuer] of issuers.entries()) {
    assertTrustedUrl(issuer, 'AUTHORIZATION_SERVER_INVALID', 'issuer')
    if (issuer.includes('?')) {
      throw new ResourceServerError(
        'AUTHORIZATION_SERVER_INVALID',
        `The issuer ${showRemote(issuer)} has a query, which RFC 8414 §2 does not allow. Remove it.`,
      )
    }
    if (issuers.indexOf(issuer) !== index) {
      throw new ResourceServerError(
        'AUTHORIZATION_SERVER_INVALID',
        `The issuer ${showRemote(issuer)} is named twice. Name each authorization server once.`,
      )
    }
  }
}
