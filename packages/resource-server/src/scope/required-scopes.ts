import { assertResourceScopes } from './scopes.ts'

/**
 * The scopes an operation needs, all of them and no more: fixed, or computed from the request
 * (S-11). A function runs only for a request whose access token is valid.
 */
export type RequiredScopes<Incoming> =
  | readonly string[]
  | ((request: Incoming) => readonly string[] | Promise<readonly string[]>)

/** The scopes of a route, ready to use. */
export interface ResolvedScopes<Incoming> {
  readonly neededBy: (request: Incoming) => readonly string[] | Promise<readonly string[]>
  /** For a request without a valid token; `undefined` where the resource's default applies. */
  readonly challenged: readonly string[] | undefined
}

/**
 * Makes one form of all. Fixed lists are configuration and checked at once; a computed one is put
 * right request by request.
 *
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE`, `SCOPE_INVALID`.
 */
export function resolveScopes<Incoming>(
  scopes: RequiredScopes<Incoming> | undefined,
  challengeScopes: readonly string[] | undefined,
): ResolvedScopes<Incoming> {
  const challenged = fixedScopes(challengeScopes, 'the challenge scopes of a protected route')
  if (typeof scopes === 'function') return { neededBy: scopes, challenged }
  const fixed = fixedScopes(scopes, 'the scopes of a protected route')
  return { neededBy: () => fixed ?? [], challenged: challenged ?? fixed }
}

function fixedScopes(
  scopes: readonly string[] | undefined,
  where: string,
): readonly string[] | undefined {
  if (scopes === undefined) return undefined
  assertResourceScopes(scopes, where)
  return [...scopes]
}
