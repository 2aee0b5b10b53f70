import { describe, expect, test } from 'vitest'
import type { RecordName } from '../../../src/index.ts'
import {
  createPostgresTable,
  postgresMigrationSql,
  postgresStore,
  postgresTableSql,
} from '../../../src/stores/postgres.ts'
import type { PostgresScene } from '../../support/postgres-scene.ts'
import { postgresScene } from '../../support/postgres-scene.ts'
import { noteMissing, postgresUrl, sharedStores } from '../../support/shared-stores.ts'

const name: RecordName = { kind: 'grant', id: 'c'.repeat(64) }

for (const kind of sharedStores.slice(0, 1)) noteMissing('PostgreSQL store: table', kind)

describe.runIf(postgresUrl !== undefined)('Postgres store: table', () => {
  test('postgres store: the table can be created repeatedly, and by many machines at once', async () => {
    await using it = await postgresScene()
    await it.admin.query(`DROP TABLE ${it.table}`)
    await createEverywhere(it)
    expect(await it.store.write(name, '1', 0)).toMatchObject({ outcome: 'written' })
  })

  test('postgres store: a missing table is an error that says how to create it', async () => {
    await using it = await postgresScene()
    const store = postgresStore(it.pool, { key: it.key, table: 'evergrant_never_created' })
    await expect(store.read(name)).rejects.toMatchObject({
      code: 'TOKEN_STORE_UNAVAILABLE',
      message: expect.stringContaining('createPostgresTable()'),
    })
  })

  test('postgres store: a list of several pages names every record once', async () => {
    await using it = await postgresScene()
    await it.admin.query(
      `INSERT INTO ${it.table} SELECT 'grant', lpad(to_hex(n), 64, '0'), 1, '', now() FROM generate_series(1, 2345) n`,
    )
    const ids: string[] = []
    for await (const id of it.store.list('grant')) ids.push(id)
    expect(ids).toHaveLength(2345)
    expect(new Set(ids).size).toBe(2345)
  })
})

describe.runIf(postgresUrl !== undefined)('Postgres store: table of an older version', () => {
  test('postgres store: an older table is an error that says how to update it', async () => {
    await using it = await olderTable()
    const error = {
      code: 'TOKEN_STORE_UNAVAILABLE',
      message: expect.stringContaining('createPostgresTable()'),
    }
    await expect(it.store.write(name, '1', 0)).rejects.toMatchObject(error)
    await expect(claim(it)).rejects.toMatchObject(error)
  })

  test('postgres store: the SQL for new tables fails on an older table and changes nothing', async () => {
    await using it = await olderTable()
    await expect(it.admin.query(postgresTableSql({ table: it.table }))).rejects.toThrow('due_for')
    expect(await columnsOf(it)).not.toContain('due_at')
  })

  test('postgres store: many machines update an older table at once, with its records', async () => {
    await using it = await olderTable()
    await older(it).insert('sealed')
    await createEverywhere(it)
    expect(await indexesOf(it)).toEqual([
      { valid: true, definition: expect.stringContaining('due_for') },
    ])
    const { rows } = await it.admin.query(`SELECT sealed, due_for FROM ${it.table}`)
    expect(rows).toEqual([{ sealed: 'sealed', due_for: null }])
  })

  test('postgres store: the documented statements update an older table, and can be repeated', async () => {
    await using it = await olderTable()
    for (let round = 0; round < 2; round += 1) {
      for (const text of postgresMigrationSql({ table: it.table })) await it.admin.query(text)
    }
    expect(await it.store.write(name, '1', 0, 0)).toMatchObject({ outcome: 'written' })
    expect((await claim(it)).grants).toHaveLength(1)
  })

  test('postgres store: an index that an interrupted update left is replaced', async () => {
    await using it = await olderTable()
    const [addColumns = ''] = postgresMigrationSql({ table: it.table })
    await it.admin.query(addColumns)
    // Two equal values make the creation of a unique index fail, which leaves it invalid.
    await it.admin.query(
      `INSERT INTO ${it.table} SELECT 'grant', n::text, 1, '', now() FROM generate_series(1, 2) n`,
    )
    await expect(
      it.admin.query(
        `CREATE UNIQUE INDEX CONCURRENTLY ${it.table}_due ON ${it.table} (generation)`,
      ),
    ).rejects.toThrow('could not create unique index')
    expect(await indexesOf(it)).toMatchObject([{ valid: false }])
    await expect(claim(it)).rejects.toMatchObject({
      code: 'TOKEN_STORE_UNAVAILABLE',
      message: expect.stringContaining('createPostgresTable()'),
    })
    await createEverywhere(it)
    expect(await indexesOf(it)).toEqual([
      { valid: true, definition: expect.stringContaining('due_for') },
    ])
  })

  test('postgres store: an update that statement_timeout ends is an error that says so', async () => {
    await using it = await olderTable()
    const [addColumns = ''] = postgresMigrationSql({ table: it.table })
    await it.admin.query(addColumns)
    // The creation of the index waits for this transaction.
    const client = await it.admin.connect()
    await client.query(`BEGIN; INSERT INTO ${it.table} VALUES ('grant', 'a', 1, '', now())`)
    const pool = it.anotherPool(2)
    pool.on('connect', (connected) => void connected.query("SET statement_timeout = '1s'"))
    const [outcome] = await Promise.allSettled([createPostgresTable(pool, { table: it.table })])
    await client.query('COMMIT')
    client.release()
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'TOKEN_STORE_UNAVAILABLE',
        message: expect.stringContaining('"statement_timeout" 0'),
      },
    })
    // The next attempt replaces the index that was left.
    await createEverywhere(it)
    expect(await indexesOf(it)).toMatchObject([{ valid: true }])
  })

  test('postgres store: an update waits for a transaction that uses the table', async () => {
    await using it = await olderTable()
    const client = await it.admin.connect()
    await client.query(`BEGIN; SELECT count(*) FROM ${it.table}`)
    const updating = createPostgresTable(it.anotherPool(2), { table: it.table })
    // The update waits for the lock of the table.
    await expect.poll(() => waiters(it), { timeout: 20_000 }).toBeGreaterThan(0)
    await client.query('COMMIT')
    client.release()
    await updating
    expect(await columnsOf(it)).toContain('due_at')
  })
})

describe.runIf(postgresUrl !== undefined)('Postgres store: processes of an older version', () => {
  test(
    'postgres store: a grant that an older process writes is due at once',
    { tags: ['C-55'] },
    async () => {
      await using it = await olderTable()
      await createPostgresTable(it.admin, { table: it.table })
      await it.store.write(name, '1', 0, 3600)
      expect((await claim(it)).grants).toHaveLength(0)
      const { rows } = await it.admin.query(`SELECT sealed FROM ${it.table}`)
      // Text of another generation does not open, so the older process seals its own.
      const newer = postgresStore(it.anotherPool(2), { key: it.key, table: it.table })
      await newer.write(name, '2', 1, 3600)
      const sealed = (await it.admin.query(`SELECT sealed FROM ${it.table}`)).rows[0]?.sealed
      await it.admin.query(`UPDATE ${it.table} SET generation = 1, sealed = $1, due_for = 1`, [
        rows[0]?.sealed,
      ])
      expect((await claim(it)).grants).toHaveLength(0)
      await older(it).update(sealed)
      expect((await claim(it)).grants).toMatchObject([
        { id: name.id, lateSeconds: 0, record: { body: '2' } },
      ])
      await newer.close()
    },
  )

  test(
    'postgres store: a grant that an older process creates is due at once',
    { tags: ['C-55'] },
    async () => {
      await using it = await olderTable()
      await createPostgresTable(it.admin, { table: it.table })
      await it.store.write(name, '1', 0, 3600)
      const sealed = (await it.admin.query(`SELECT sealed FROM ${it.table}`)).rows[0]?.sealed
      await it.admin.query(`DELETE FROM ${it.table}`)
      await older(it).insert(sealed)
      expect((await claim(it)).grants).toMatchObject([{ id: name.id, record: { body: '1' } }])
    },
  )
})

/** The table as the first version created it. */
async function olderTable(): Promise<PostgresScene> {
  const it = await postgresScene()
  await it.admin.query(`DROP TABLE ${it.table}`)
  await it.admin.query(`CREATE TABLE ${it.table} (
    kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, generation bigint NOT NULL,
    sealed text NOT NULL, written_at timestamptz NOT NULL, PRIMARY KEY (kind, id))`)
  return it
}

/** The statements of the first version. */
function older(it: PostgresScene) {
  return {
    insert: (sealed: string) =>
      it.admin.query(
        `INSERT INTO ${it.table} (kind, id, generation, sealed, written_at)
         VALUES ($1, $2, $3::bigint, $4, clock_timestamp()) ON CONFLICT DO NOTHING`,
        [name.kind, name.id, '1', sealed],
      ),
    update: (sealed: string) =>
      it.admin.query(
        `UPDATE ${it.table} SET generation = $3::bigint, sealed = $4, written_at = clock_timestamp()
         WHERE kind = $1 AND id = $2 AND generation = $3::bigint - 1`,
        [name.kind, name.id, '2', sealed],
      ),
  }
}

async function createEverywhere(it: PostgresScene): Promise<void> {
  const pools = Array.from({ length: 8 }, () => it.anotherPool(2))
  await Promise.all(pools.map((pool) => createPostgresTable(pool, { table: it.table })))
}

async function claim(it: PostgresScene): ReturnType<typeof it.store.due.claim> {
  return await it.store.due.claim({ limit: 10, claimSeconds: 3600 })
}

async function columnsOf(it: PostgresScene): Promise<string[]> {
  const { rows } = await it.admin.query(
    'SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0',
    [it.table],
  )
  return rows.map(({ attname }: { attname: string }) => attname)
}

async function indexesOf(it: PostgresScene): Promise<unknown[]> {
  const { rows } = await it.admin.query(
    `SELECT indisvalid AS valid, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = $1::regclass AND NOT indisprimary`,
    [it.table],
  )
  return rows
}

async function waiters(it: PostgresScene): Promise<number> {
  const { rows } = await it.admin.query(
    'SELECT count(*)::int AS waiting FROM pg_locks WHERE relation = $1::regclass AND NOT granted',
    [it.table],
  )
  return Number(rows[0]?.waiting)
}
