import { hashPassword } from '../src/accounts/accounts.ts'
import type { AuthorizationServerOptions } from '../src/index.ts'
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts'
import { resource, startServer, temporaryFolder } from './support.ts'

/** The form fields with which the user of the server signs in. */
export const credentials = { username: 'alice', password: 'correct horse', decision: 'sign-in' }

// Once for all tests of a file, because it is slow by design.
const hash = hashPassword(credentials.password)

/** Starts a server without the demo, on a database with one account. */
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
