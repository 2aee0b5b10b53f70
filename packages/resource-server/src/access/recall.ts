import type { VerifiedAccessToken } from '../token/verification.ts'
import type { AccessRequest } from './credentials.ts'

/**
 * Finds the token of a request that was allowed before with the same token and the same list of scopes, if nothing
 * about it has to be decided again. It is not a decision of its own: for a request that it does not find,
 * `authorize` decides, and it finds only what `authorize` would allow.
 *
 * @param scopes - A frozen list.
 */
export type Recall = (
  authorization: AccessRequest['authorization'],
  url: string,
  scopes: readonly string[],
) => VerifiedAccessToken | undefined

// Not a method, because a resource server that an application wraps or replaces must decide itself.
const recalls = new WeakMap<object, Recall>()

/** Sets what {@link recallOf} returns. */
export function setRecall(resourceServer: object, recall: Recall): void {
  recalls.set(resourceServer, recall)
}

/** For adapters: the shortest way to the decision about the usual request. */
export function recallOf(resourceServer: object): Recall {
  return recalls.get(resourceServer) ?? (() => undefined)
}
