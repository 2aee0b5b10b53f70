import { ProtocolError } from '../lib/errors.ts'
import { showRemote } from '../lib/remote-text.ts'

/** The scope token by which a client asks for a refresh token (OpenID Connect Core §11). */
export const offlineAccess = 'offline_access'

// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Tells whether a value is one scope token.
 *
 * @see RFC 6749 §3.3
 */
export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && scopeToken.test(value)
}

/**
 * Splits a `scope` value by the grammar: single spaces between tokens, none around them.
 * Duplicates are kept out, the order of first appearance is kept.
 *
 * @throws {ProtocolError} `SCOPE_INVALID` where the grammar is not met.
 * @see RFC 6749 §3.3
 */
export function parseScope(scope: string): readonly string[] {
  const tokens = scope.split(' ')
  const wrong = tokens.find((token) => !isScopeToken(token))
  if (wrong !== undefined) {
    throw new ProtocolError(
      'SCOPE_INVALID',
      `The scope ${showRemote(scope)} is not a list of scope tokens with single spaces between ` +
        `them (RFC 6749 §3.3): ${showRemote(wrong)} is not a scope token. Correct the scope.`,
    )
  }
  return uniqueScopes(tokens)
}

/** What {@link readScope} found in a value somebody else wrote. */
export interface ScopeReading {
  /** The valid scope tokens, in order of first appearance, each once. */
  readonly tokens: readonly string[]
  /** What was left out, because it is no scope token. */
  readonly ignored: readonly string[]
}

/**
 * Reads a `scope` value as others write it: any white space separates, an array of strings is
 * taken for a list, and what is no scope token is left out and reported. Never throws.
 */
export function readScope(scope: unknown): ScopeReading {
  const parts = (Array.isArray(scope) ? scope : [scope])
    .filter((part) => typeof part === 'string')
    .flatMap((part) => part.split(/\s+/))
    .filter((part) => part !== '')
  return {
    tokens: uniqueScopes(parts.filter((part) => isScopeToken(part))),
    ignored: parts.filter((part) => !isScopeToken(part)),
  }
}

/**
 * Joins scope tokens to a `scope` value, or to `undefined` where there are none: an empty
 * `scope` parameter is not the same as none, and not allowed.
 *
 * @throws {ProtocolError} `SCOPE_INVALID` where a token is not one.
 */
export function formatScope(tokens: readonly string[]): string | undefined {
  if (tokens.length === 0) return undefined
  return parseScope(tokens.join(' ')).join(' ')
}

/** All tokens of all sets, each once, in order of first appearance. */
export function uniteScopes(...sets: readonly (readonly string[])[]): readonly string[] {
  return uniqueScopes(sets.flat())
}

/** The tokens of `wanted` that `granted` does not hold. Scope tokens are case-sensitive. */
export function missingScopes(
  wanted: readonly string[],
  granted: readonly string[],
): readonly string[] {
  const held = new Set(granted)
  return uniqueScopes(wanted).filter((token) => !held.has(token))
}

function uniqueScopes(tokens: readonly string[]): readonly string[] {
  return [...new Set(tokens)]
}
