import { assertResourceScopes } from './scopes.ts'

/** The scopes an operation needs, all of them and no more: fixed, or computed from the request (S-11). */
export type NeededScopes<Incoming> =
  | readonly string[]
  | ((request: Incoming) => readonly string[] | Promise<readonly string[]>)

/**
 * Makes one function of both forms. A fixed list is configuration and checked at once; a computed
 * one is put right request by request.
 *
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE`, `SCOPE_INVALID`.
 */
export function resolveNeededScopes<Incoming>(
  scopes: NeededScopes<Incoming> = [],
): (request: Incoming) => readonly string[] | Promise<readonly string[]> {
  if (typeof scopes === 'function') return scopes
  assertResourceScopes(scopes, 'the scopes of a protected route')
  const fixed = [...scopes]
  return () => fixed
}
