import { showRemote } from '../lib/remote-text.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'

/** Whether the authorization code flow may continue, and why. */
export interface PkceDecision {
  readonly action: 'use-s256' | 'refuse'
  readonly reason:
    | 'advertised'
    | 'not-advertised'
    | 'known-product'
    | 'assumed-by-option'
    | 's256-not-listed'
  readonly explanation: string
}

/** Options of {@link decidePkce}. */
export interface DecidePkceOptions {
  /**
   * Use S256 even if the metadata says nothing about PKCE. Default `false`, as the MCP specification
   * requires. Set it for servers that support S256 without advertising it. The client then cannot
   * know whether the server checks the verifier.
   */
  readonly assumeS256?: boolean | undefined
  /** The name of the product, if it is known to support S256 without advertising it. */
  readonly knownProduct?: string | undefined
}

/**
 * Decides from the metadata whether PKCE with S256 is available. Without it, the client must not
 * continue. A server that lists methods without S256 is refused regardless of the options.
 *
 * @see MCP 2026-07-28 Authorization Code Protection, RFC 7636 §4.2
 */
export function decidePkce(
  metadata: Pick<AuthorizationServerMetadata, 'code_challenge_methods_supported'>,
  options: DecidePkceOptions = {},
): PkceDecision {
  const methods = metadata.code_challenge_methods_supported
  if (methods?.includes('S256') === true) {
    return {
      action: 'use-s256',
      reason: 'advertised',
      explanation: 'The authorization server advertises PKCE with S256.',
    }
  }
  if (methods !== undefined) {
    return {
      action: 'refuse',
      reason: 's256-not-listed',
      explanation:
        `The authorization server lists the PKCE methods ${showRemote(methods)} (expected S256 ` +
        'among them). Enable S256 there.',
    }
  }
  if (options.knownProduct !== undefined) {
    return {
      action: 'use-s256',
      reason: 'known-product',
      explanation:
        `${options.knownProduct} does not advertise PKCE and is known to support S256, so it is used ` +
        'although the specification requires the client to refuse.',
    }
  }
  return options.assumeS256 === true
    ? {
        action: 'use-s256',
        reason: 'assumed-by-option',
        explanation:
          'The authorization server does not advertise PKCE. S256 is used because an option ' +
          'assumes it.',
      }
    : {
        action: 'refuse',
        reason: 'not-advertised',
        explanation:
          'The authorization server metadata has no code_challenge_methods_supported, so PKCE ' +
          'support cannot be verified and the client must not continue. Publish it there.',
      }
}
