import {
  isScopeToken,
  missingScopes,
  offlineAccess,
  showRemote,
  uniteScopes,
} from '@evergrant/core'
import { ResourceServerError } from '../lib/errors.ts'

/**
 * Which scopes each scope implies, directly; what those imply follows by itself.
 *
 * `{ admin: ['write'], write: ['read'] }` lets a token with `admin` do what needs `read`.
 */
export type ScopeImplications = Readonly<Record<string, readonly string[]>>

/** Answers whether granted scopes suffice, broader scopes counted for what they imply (S-14). */
export interface ScopeHierarchy {
  /** The granted scopes and all that they imply, each once. */
  expand(granted: readonly string[]): readonly string[]
  /** The needed scopes that neither are granted nor implied by one that is. */
  missing(needed: readonly string[], granted: readonly string[]): readonly string[]
}

/**
 * Builds a scope hierarchy.
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
      const circle = [...path.slice(path.indexOf(scope)), scope].join(' → ')
      throw new ResourceServerError(
        'SCOPE_HIERARCHY_CYCLE',
        `The scope implications go round in a circle: ${circle}. Every scope in it would mean ` +
          'the same; remove one of the implications.',
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

  return { expand, missing: (needed, granted) => missingScopes(needed, expand(granted)) }
}

/**
 * Refuses scopes that a protected resource must not be configured with (S-02, S-03).
 *
 * @param where - Names the place in the message, for instance `scopesSupported`.
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE`, `SCOPE_INVALID`.
 */
export function assertResourceScopes(scopes: readonly string[], where: string): void {
  if (scopes.includes(offlineAccess)) {
    throw new ResourceServerError(
      'OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE',
      `${offlineAccess} is configured in ${where}, where only scopes of this resource belong. ` +
        'A refresh token is a matter between client and authorization server: no operation of ' +
        'the resource needs it (SEP-2207). Remove it here, and list it in the authorization ' +
        "server's own scopes_supported.",
    )
  }
  const wrong = scopes.find((scope) => !isScopeToken(scope))
  if (wrong !== undefined) {
    throw new ResourceServerError(
      'SCOPE_INVALID',
      `Expected one scope token (RFC 6749 §3.3) in ${where}, got ${showRemote(wrong)}. Several ` +
        'scopes are several array members, not one string with spaces.',
    )
  }
}
