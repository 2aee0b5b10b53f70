import { assertResourceScopes } from './scopes.ts'

/**
 * All scopes that an operation requires, and no others: fixed, or computed from the request (S-11).
 * A function runs only for a request with a valid access token.
 */
export type RequiredScopes<Incoming> =
  | readonly string[]
  | ((request: Incoming) => readonly string[] | Promise<readonly string[]>)

/** The validated scopes of a route. */
export interface ResolvedScopes<Incoming> {
  /** Frozen, so that they are checked once; `undefined` if they are computed. */
  readonly fixed: readonly string[] | undefined
  readonly requiredScopesOf: (request: Incoming) => readonly string[] | Promise<readonly string[]>
  /** For a request without a valid token; `undefined` for the resource's default. */
  readonly challenged: readonly string[] | undefined
}

/**
 * Validates the scopes of a route. A fixed list is configuration and is checked at once. A computed
 * list is filtered per request.
 *
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE`, `SCOPE_INVALID`.
 */
export function resolveScopes<Incoming>(
  scopes: RequiredScopes<Incoming> | undefined,
  challengeScopes: readonly string[] | undefined,
): ResolvedScopes<Incoming> {
  const challenged = fixedScopes(challengeScopes, 'the challenge scopes of a protected route')
  if (typeof scopes === 'function') {
    return { fixed: undefined, requiredScopesOf: scopes, challenged }
  }
  const configured = fixedScopes(scopes, 'the scopes of a protected route')
  const fixed = configured ?? noScopes
  return { fixed, requiredScopesOf: () => fixed, challenged: challenged ?? configured }
}

const noScopes: readonly string[] = Object.freeze([])

function fixedScopes(
  scopes: readonly string[] | undefined,
  where: string,
): readonly string[] | undefined {
  if (scopes === undefined) return undefined
  assertResourceScopes(scopes, where)
  return Object.freeze([...scopes])
}
