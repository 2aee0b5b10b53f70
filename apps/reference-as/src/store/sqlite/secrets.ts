import { text } from '../rows.ts'
import type { SecretStore } from '../store.ts'
import type { Statements } from './statements.ts'

export function sqliteSecrets({ first, run }: Statements): SecretStore {
  const add = run('INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)')
  const find = first('SELECT value FROM secrets WHERE name = ?')
  const replace = run('UPDATE secrets SET value = ? WHERE name = ? AND value = ?')

  return {
    async getOrCreate(name, create) {
      const existing = find(name)
      if (existing !== undefined) return text(existing, 'value')
      add(name, await create())
      return text(find(name) ?? {}, 'value')
    },
    async replace(name, current, next) {
      return replace(next, name, current) === 1
    },
  }
}
