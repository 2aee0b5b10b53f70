import type { Store } from '../../../src/store/store.ts'

/** A store for one test. Disposing closes it and deletes its data. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: Store
}

export function token(id: string, familyId: string) {
  return {
    id,
    familyId,
    issuedAtEpochSeconds: 1000,
    expiresAtEpochSeconds: 2000,
    familyExpiresAtEpochSeconds: 3000,
    data: { accountId: 'alice', clientId: 'client', scope: 'mcp:read' },
  }
}
