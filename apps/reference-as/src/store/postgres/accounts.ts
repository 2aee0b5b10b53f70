import { accountFrom } from '../rows.ts'
import type { AccountStore } from '../store.ts'
import type { Queries } from './queries.ts'
import { tables } from '../../names.ts'

export function postgresAccounts({ all, first, run }: Queries): AccountStore {
  const add = run(
    'add_account',
    `INSERT INTO ${tables.accounts} (id, username, password_hash) VALUES ($1, $2, $3)
     ON CONFLICT DO NOTHING`,
  )
  const byId = first('account_by_id', `SELECT * FROM ${tables.accounts} WHERE id = $1`)
  const isNamed = 'lower(username COLLATE "C") = lower($1::text COLLATE "C")'
  const byName = first('account_by_name', `SELECT * FROM ${tables.accounts} WHERE ${isNamed}`)
  const list = all(
    'accounts',
    `SELECT * FROM ${tables.accounts} ORDER BY lower(username COLLATE "C")`,
  )
  const remove = run('remove_account', `DELETE FROM ${tables.accounts} WHERE ${isNamed}`)

  return {
    async add({ id, username, passwordHash }) {
      return (await add(id, username, passwordHash)) === 1
    },
    async findById(id) {
      return accountFrom(await byId(id))
    },
    async findByUsername(username) {
      return accountFrom(await byName(username))
    },
    async list() {
      return (await list()).flatMap((row) => accountFrom(row) ?? [])
    },
    async remove(username) {
      return (await remove(username)) === 1
    },
  }
}
