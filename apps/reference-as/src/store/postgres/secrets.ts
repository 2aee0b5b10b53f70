import { text } from '../rows.ts'
import type { SecretStore } from '../store.ts'
import type { Queries } from './queries.ts'
import { tables } from '../../names.ts'

export function postgresSecrets({ first, run }: Queries): SecretStore {
  const add = run(
    'add_secret',
    `INSERT INTO ${tables.secrets} (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
  )
  const find = first('find_secret', `SELECT value FROM ${tables.secrets} WHERE name = $1`)
  const replace = run(
    'replace_secret',
    `UPDATE ${tables.secrets} SET value = $3 WHERE name = $1 AND value = $2`,
  )

  return {
    async getOrCreate(name, create) {
      const existing = await find(name)
      if (existing !== undefined) return text(existing, 'value')
      // The primary key is the lock: of instances that start together, one stores its secret.
      await add(name, await create())
      return text((await find(name)) ?? {}, 'value')
    },
    async replace(name, current, next) {
      return (await replace(name, current, next)) === 1
    },
  }
}
