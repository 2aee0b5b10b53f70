import { accountFrom } from '../rows.ts'
import type { AccountStore } from '../store.ts'
import type { Statements } from './statements.ts'

export function sqliteAccounts({ all, first, run }: Statements): AccountStore {
  const add = run('INSERT OR IGNORE INTO accounts (id, username, password_hash) VALUES (?, ?, ?)')
  const byId = first('SELECT * FROM accounts WHERE id = ?')
  const byName = first('SELECT * FROM accounts WHERE username = ?')
  const list = all('SELECT * FROM accounts ORDER BY username')
  const remove = run('DELETE FROM accounts WHERE username = ?')

  return {
    async add({ id, username, passwordHash }) {
      return add(id, username, passwordHash) === 1
    },
    async findById(id) {
      return accountFrom(byId(id))
    },
    async findByUsername(username) {
      return accountFrom(byName(username))
    },
    async list() {
      return list().flatMap((row) => accountFrom(row) ?? [])
    },
    async remove(username) {
      return remove(username) === 1
    },
  }
}
