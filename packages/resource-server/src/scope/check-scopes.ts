import { offlineAccess, uniteScopes } from '@evergrant/core'
import { assertResourceScopes } from './scopes.ts'

/** A mistake of this server that was corrected for the request (S-03). */
export interface AccessWarning {
  readonly code: 'OFFLINE_ACCESS_FILTERED'
  /** The requirement that would have been violated. */
  readonly requirement: 'S-01'
  readonly message: string
}

/** Valid scopes without `offline_access`, each once. */
export interface CheckedScopes {
  readonly required: readonly string[]
  readonly warnings: readonly AccessWarning[]
  /** The frozen list that was checked. Checking the same list again gives the same result. */
  readonly source: readonly string[] | undefined
}

const none: CheckedScopes = { required: [], warnings: [], source: undefined }
/** The results for frozen lists, which cannot change: those of routes. */
const results = new WeakMap<readonly string[], CheckedScopes>()

/**
 * Checks scopes that were computed for a request. SEP-2207: removes `offline_access` instead of failing.
 *
 * @throws {ResourceServerError} `SCOPE_INVALID`.
 */
export function checkScopes(scopes: readonly string[]): CheckedScopes {
  const known = results.get(scopes)
  if (known !== undefined) return known
  if (scopes.length === 0 && !Object.isFrozen(scopes)) return none
  const isFrozen = Object.isFrozen(scopes)
  const checked = { ...withoutOfflineAccess(scopes), source: isFrozen ? scopes : undefined }
  if (isFrozen) results.set(scopes, checked)
  return checked
}

function withoutOfflineAccess(scopes: readonly string[]): Omit<CheckedScopes, 'source'> {
  const required = uniteScopes(scopes.filter((scope) => scope !== offlineAccess))
  assertResourceScopes(required, 'the required scopes of a request')
  if (!scopes.includes(offlineAccess)) return { required, warnings: [] }
  const message =
    `${offlineAccess} was computed as a required scope of this request, and was left out: no ` +
    'operation of a resource requires a refresh token. Remove it from the computation.'
  return { required, warnings: [{ code: 'OFFLINE_ACCESS_FILTERED', requirement: 'S-01', message }] }
}
