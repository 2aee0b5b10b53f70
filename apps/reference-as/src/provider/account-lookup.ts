import type { FindForRefresh } from '@evergrant/authorization-server/oidc-provider'
import { Provider } from 'oidc-provider'
import type { RefreshReads, Store } from '../store/store.ts'

/** Looks accounts up for the engine. */
export interface AccountLookup {
  /** For the binding. Keeps the account that it reads with the token of a refresh. */
  readonly findForRefresh: FindForRefresh
  /** Whether an account is stored. In a refresh, this is known from the one read of the request. */
  exists(context: object, id: string): Promise<boolean>
}

export function createAccountLookup(
  store: Pick<Store, 'accounts' | 'findForRefresh'>,
): AccountLookup {
  const reads = new WeakMap<object, RefreshReads>()
  return {
    async findForRefresh(clientId, refreshTokenId) {
      const context = Provider.ctx
      const read = await store.findForRefresh(clientId, refreshTokenId)
      if (context !== undefined) reads.set(context, read)
      return read
    },
    async exists(context, id) {
      const read = reads.get(context)
      if (read?.refreshToken?.data.accountId === id) return read.account !== undefined
      return (await store.accounts.findById(id)) !== undefined
    },
  }
}
