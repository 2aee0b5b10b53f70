import { hashPassword } from '../src/accounts/accounts.ts'
import type { AuthorizationServerOptions } from '../src/index.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import { resource, startServer, temporaryFolder } from './support.ts'

/** What the one user of the server types into the sign-in form. */
export const credentials = { username: 'alice', password: 'correct horse', decision: 'sign-in' }

// Once for all tests of a file: it is meant to be slow.
const hash = hashPassword(credentials.password)

/** Starts a server that asks its users, over a database with one account. */
export async function startServerWithAccount(options: AuthorizationServerOptions = {}) {
  const folder = temporaryFolder()
  const databasePath = folder.file('as.db')
  const store = openSqliteStore(databasePath)
  await store.accounts.add({ id: 'a1', username: credentials.username, passwordHash: await hash })
  await store.close()
  const server = await startServer({
    demo: false,
    resources: [resource],
    databasePath,
    ...options,
  })
  return {
    server,
    async [Symbol.asyncDispose]() {
      await server.close()
      folder[Symbol.dispose]()
    },
  }
}
