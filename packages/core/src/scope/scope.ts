import { ProtocolError } from '../lib/errors.ts'
import { showRemote } from '../lib/remote-text.ts'

/** The scope token with which a client requests a refresh token (OpenID Connect Core §11). */
export const offlineAccess = 'offline_access'

// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Whether a value is a single scope token.
 *
 * @see RFC 6749 §3.3
 */
export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && scopeToken.test(value)
}

/**
 * Parses a `scope` value strictly: single spaces between tokens, none around them. Removes duplicates
 * and keeps the order of first appearance.
 *
 * @throws {ProtocolError} `SCOPE_INVALID` if the value violates the grammar.
 * @see RFC 6749 §3.3
 */
export function parseScope(scope: string): readonly string[] {
  const tokens = scope.split(' ')
  const wrong = tokens.find((token) => !isScopeToken(token))
  if (wrong !== undefined) {
    throw new ProtocolError(
      'SCOPE_INVALID',
      `The scope is ${showRemote(scope)} (expected scope tokens with single spaces between them, ` +
        `RFC 6749 §3.3): ${showRemote(wrong)} is not a scope token. Correct the scope.`,
    )
  }
  return uniqueScopes(tokens)
}

/** The result of {@link readScope}. */
export interface ScopeReading {
  /** The valid scope tokens, in order of first appearance, each once. */
  readonly tokens: readonly string[]
  /** Parts that are not scope tokens and were left out. */
  readonly ignored: readonly string[]
}

/**
 * Reads a `scope` value leniently: any white space separates tokens, an array of strings counts as a
 * list, and parts that are not scope tokens are left out and reported. Never throws.
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
 * Joins scope tokens to a `scope` value. Returns `undefined` without tokens, because an empty `scope`
 * parameter is not allowed.
 *
 * @throws {ProtocolError} `SCOPE_INVALID` if an entry is not a scope token.
 */
export function formatScope(tokens: readonly string[]): string | undefined {
  if (tokens.length === 0) return undefined
  return parseScope(tokens.join(' ')).join(' ')
}

/** Returns the tokens of all lists, each once, in order of first appearance. */
export function uniteScopes(...sets: readonly (readonly string[])[]): readonly string[] {
  return uniqueScopes(sets.flat())
}

/** Returns the tokens of `wanted` that are not in `granted`. Scope tokens are case-sensitive. */
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
