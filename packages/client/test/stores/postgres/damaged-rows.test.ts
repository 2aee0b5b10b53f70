import { describe, expect, test } from 'vitest'
import type { RecordName } from '../../../src/index.ts'
import { postgresStore } from '../../../src/stores/postgres.ts'
import { reencryptRecords, storeKeyId } from '../../../src/stores/key-rotation.ts'
import { postgresScene } from '../../support/postgres-scene.ts'
import { noteMissing, postgresUrl, sharedStores } from '../../support/shared-stores.ts'

const one: RecordName = { kind: 'grant', id: 'c'.repeat(64) }
const last: RecordName = { kind: 'grant', id: 'f'.repeat(64) }

for (const kind of sharedStores.slice(0, 1)) noteMissing('PostgreSQL store: single rows', kind)

describe.runIf(postgresUrl !== undefined)('Postgres store: single rows', () => {
  test(
    'postgres store: a row that cannot be set aside does not keep the other grants of its claim',
    { tags: ['C-52'] },
    async () => {
      await using it = await postgresScene()
      await it.store.write(one, '1', 0, 0)
      await it.store.write(last, '2', 0, 0)
      await it.admin.query(
        `ALTER TABLE ${it.table} ADD CHECK (kind = 'grant');
         UPDATE ${it.table} SET sealed = 'damaged' WHERE id = '${one.id}'`,
      )
      const { grants } = await it.store.due.claim({ limit: 10, claimSeconds: 60 })
      expect(grants.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toMatchObject([
        { id: one.id, unreadable: { generation: 1, error: { code: 'TOKEN_STORE_UNAVAILABLE' } } },
        { id: last.id, record: { body: '2' } },
      ])
    },
  )

  test(
    'key rotation: a row behind rows that are removed at the same time is re-encrypted',
    { tags: ['C-52'] },
    async () => {
      await using it = await postgresScene()
      const newKey = Buffer.alloc(32, 1)
      await it.store.write(last, '1', 0)
      await it.admin.query(
        `INSERT INTO ${it.table} (kind, id, generation, sealed, written_at)
         SELECT 'grant', lpad(n::text, 64, '0'), 1, $1, now() FROM generate_series(1, 5000) n`,
        [`{"format":1,"generation":1,"keyId":"${storeKeyId(newKey)}","iv":""}`],
      )
      let statements = 0
      const store = postgresStore(
        {
          options: it.pool.options,
          connect: () => it.pool.connect(),
          async query(query) {
            const result = await it.pool.query(query)
            statements += 1
            // Users sign out.
            if (statements === 1)
              await it.admin.query(`DELETE FROM ${it.table} WHERE id < '${'0'.repeat(61)}100'`)
            return result
          },
        },
        { key: [newKey, it.key], table: it.table },
      )
      expect(await reencryptRecords(store)).toMatchObject({ reencrypted: 1, complete: true })
      await store.close()
    },
  )
})
