import type { AuthorizationServerMetadata } from '../metadata/authorization-server-metadata.ts'
import { showRemote } from '../lib/remote-text.ts'

/** Whether an authorization response may be acted on, and why. */
export interface IssuerDecision {
  /** On `reject` nothing in the response is to be used or shown, its error least of all. */
  readonly action: 'accept' | 'reject'
  readonly reason: 'identical' | 'different' | 'missing' | 'not-sent-and-not-promised'
  readonly explanation: string
}

/**
 * Checks `iss` of an authorization response, before the code goes anywhere and before an error is
 * read. Strings are compared as they are: no case folding, no normalisation of any kind.
 *
 * @param iss - The parameter after form decoding; `undefined` where the response has none.
 * @param expectedIssuer - What was recorded when the request was made, from validated metadata.
 * @param metadata - The same authorization server's metadata.
 * @see RFC 9207 §2.4, MCP 2026-07-28 Authorization Response Validation
 */
export function decideIssuer(
  iss: string | undefined,
  expectedIssuer: string,
  metadata: Pick<AuthorizationServerMetadata, 'authorization_response_iss_parameter_supported'>,
): IssuerDecision {
  if (iss === undefined) {
    return metadata.authorization_response_iss_parameter_supported === true
      ? {
          action: 'reject',
          reason: 'missing',
          explanation:
            'The authorization response names no issuer, though the authorization server promises ' +
            'to name it: it may come from somebody else.',
        }
      : {
          action: 'accept',
          reason: 'not-sent-and-not-promised',
          explanation: 'The authorization server neither promises nor sends its issuer.',
        }
  }
  return iss === expectedIssuer
    ? {
        action: 'accept',
        reason: 'identical',
        explanation: 'The authorization response names the issuer that was asked.',
      }
    : {
        action: 'reject',
        reason: 'different',
        explanation:
          `The authorization response names the issuer ${showRemote(iss)}, not ` +
          `${showRemote(expectedIssuer)}, which was asked: it comes from somebody else.`,
      }
}
