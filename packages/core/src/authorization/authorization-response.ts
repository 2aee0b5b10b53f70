import type { AuthorizationServerMetadata } from '../metadata/authorization-server-metadata.ts'
import { showRemote } from '../lib/remote-text.ts'

/** Whether to process an authorization response, and why. */
export interface IssuerDecision {
  /** On `reject`, do not use or show anything of the response, including its error. */
  readonly action: 'accept' | 'reject'
  readonly reason:
    | 'identical'
    /** It is the option `trustedIssuer`. */
    | 'trusted'
    | 'different'
    | 'missing'
    | 'not-sent-and-not-advertised'
  readonly explanation: string
}

/** Options of {@link decideIssuer}. */
export interface DecideIssuerOptions {
  /** Another issuer that the user or the host trusts for this server. */
  readonly trustedIssuer?: string | undefined
}

/**
 * Checks `iss` of an authorization response, before the code is sent and before an error is read.
 * Strings are compared exactly, without case folding or normalization: unlike the metadata, a
 * response is not fetched from the server that it names.
 *
 * @param iss - The parameter after form decoding; `undefined` if the response has none.
 * @param expectedIssuer - The issuer recorded with the request, from validated metadata.
 * @param metadata - The metadata of the same authorization server.
 * @see RFC 9207 §2.4, MCP 2026-07-28 Authorization Response Validation
 */
export function decideIssuer(
  iss: string | undefined,
  expectedIssuer: string,
  metadata: Pick<AuthorizationServerMetadata, 'authorization_response_iss_parameter_supported'>,
  options: DecideIssuerOptions = {},
): IssuerDecision {
  if (iss === undefined) {
    return metadata.authorization_response_iss_parameter_supported === true
      ? {
          action: 'reject',
          reason: 'missing',
          explanation:
            'The authorization response has no iss, but the authorization server metadata says that ' +
            'it sends one: the response may come from another server.',
        }
      : {
          action: 'accept',
          reason: 'not-sent-and-not-advertised',
          explanation: 'The authorization server neither advertises nor sends iss.',
        }
  }
  if (iss === expectedIssuer) {
    return {
      action: 'accept',
      reason: 'identical',
      explanation: 'The authorization response names the expected issuer.',
    }
  }
  return iss === options.trustedIssuer
    ? {
        action: 'accept',
        reason: 'trusted',
        explanation: `The authorization response names the trusted issuer ${showRemote(iss)}.`,
      }
    : {
        action: 'reject',
        reason: 'different',
        explanation:
          `The authorization response names the issuer ${showRemote(iss)} (expected ` +
          `${showRemote(expectedIssuer)}): it comes from another server.`,
      }
}
