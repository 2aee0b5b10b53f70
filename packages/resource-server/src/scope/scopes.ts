import {
  isScopeToken,
  missingScopes,
  offlineAccess,
  showRemote,
  uniteScopes,
} from '@evergrant/core'
import { ResourceServerError } from '../lib/errors.ts'

/**
 * The scopes that each scope implies directly. Implications are transitive.
 *
 * With `{ admin: ['write'], write: ['read'] }`, a token with `admin` is sufficient for `read`.
 */
export type ScopeImplications = Readonly<Record<string, readonly string[]>>

/** Checks granted scopes, including the scopes that they imply (S-14). */
export interface ScopeHierarchy {
  /** Returns the granted scopes and all scopes that they imply, each once. */
  expand(granted: readonly string[]): readonly string[]
  /** Returns the required scopes that are neither granted nor implied. */
  missing(required: readonly string[], granted: readonly string[]): readonly string[]
}

/**
 * Creates a scope hierarchy.
 *
 * @example
 * ```ts
 * const hierarchy = createScopeHierarchy({ admin: ['write'], write: ['read'] })
 * hierarchy.missing(['read'], ['admin']) // []
 * ```
 *
 * @throws {ResourceServerError} `SCOPE_HIERARCHY_CYCLE`, `SCOPE_INVALID`,
 * `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE`.
 */
export function createScopeHierarchy(implications: ScopeImplications = {}): ScopeHierarchy {
  const direct = new Map(Object.entries(implications))
  for (const [scope, implied] of direct) {
    assertResourceScopes([scope, ...implied], 'the scope implications')
  }
  const closures = new Map<string, readonly string[]>()
  for (const scope of direct.keys()) closures.set(scope, close(scope, []))

  function close(scope: string, path: readonly string[]): readonly string[] {
    if (path.includes(scope)) {
      const cycle = [...path.slice(path.indexOf(scope)), scope].join(' → ')
      throw new ResourceServerError(
        'SCOPE_HIERARCHY_CYCLE',
        `The scope implications form a cycle: ${cycle}. All of its scopes would mean the same. ` +
          'Remove one of the implications.',
      )
    }
    const done = closures.get(scope)
    if (done !== undefined) return done
    const implied = (direct.get(scope) ?? []).map((one) => close(one, [...path, scope]))
    const closure = uniteScopes([scope], ...implied)
    closures.set(scope, closure)
    return closure
  }

  function expand(granted: readonly string[]): readonly string[] {
    return uniteScopes(...granted.map((scope) => closures.get(scope) ?? [scope]))
  }

  return { expand, missing: (required, granted) => missingScopes(required, expand(granted)) }
}

/**
 * Refuses scopes that must not be configured for a protected resource (S-02, S-03).
 *
 * @param where - Names the option in the message, such as `scopesSupported`.
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE`, `SCOPE_INVALID`.
 */
export function assertResourceScopes(scopes: readonly string[], where: string): void {
  if (scopes.includes(offlineAccess)) {
    throw new ResourceServerError(
      'OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE',
      `${offlineAccess} is configured in ${where} (expected only scopes of this resource). A ` +
        'refresh token concerns only the client and the authorization server: no operation of the ' +
        'resource requires it (SEP-2207). Remove it here, and list it in scopes_supported of the ' +
        'authorization server.',
    )
  }
  const wrong = scopes.find((scope) => !isScopeToken(scope))
  if (wrong !== undefined) {
    throw new ResourceServerError(
      'SCOPE_INVALID',
      `Invalid scope in ${where}: ${showRemote(wrong)} (expected one scope token, RFC 6749 §3.3). ` +
        'Write several scopes as several array members, not as one string with spaces.',
    )
  }
}
