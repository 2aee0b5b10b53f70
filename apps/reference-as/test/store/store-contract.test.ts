import { createMemoryArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import { describe } from 'vitest'
import { openStore } from '../../src/store/open.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { databases, noteWithoutPostgres } from '../databases.ts'
import { accountContract } from './contract/accounts.ts'
import { artifactContract } from './contract/artifacts.ts'
import { identifierContract } from './contract/identifiers.ts'
import type { OpenedStore } from './contract/opened-store.ts'
import { rateLimiterContract } from './contract/rate-limiter.ts'
import { refreshTokenContract } from './contract/refresh-tokens.ts'
import { refreshContract } from './contract/refreshes.ts'
import { sweepContract } from './contract/sweep.ts'

noteWithoutPostgres('the store contract')

/** What the server relies on. Every store passes all of it. */
function storeContract(open: () => Promise<OpenedStore>): void {
  artifactContract(open)
  identifierContract(open)
  refreshTokenContract(open)
  refreshContract(open)
  accountContract(open)
  rateLimiterContract(open)
  sweepContract(open)
}

describe('store: the artifacts of the package, in memory', () => {
  artifactContract(async () => ({
    store: { artifacts: createMemoryArtifactStore() },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }))
})

describe('store: SQLite in memory', () => {
  storeContract(async () => {
    const store = openSqliteStore(':memory:')
    return { store, [Symbol.asyncDispose]: async () => await store.close() }
  })
})

describe.each(databases.filter(({ available }) => available))('store: shared $name', (kind) => {
  storeContract(async () => {
    const database = await kind.open()
    const store = await openStore(database.location)
    return {
      store,
      async [Symbol.asyncDispose]() {
        await store.close()
        await database[Symbol.asyncDispose]()
      },
    }
  })
})
