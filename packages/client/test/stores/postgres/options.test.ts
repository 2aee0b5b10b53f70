import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  postgresMigrationSql,
  postgresStore,
  postgresTableSql,
} from '../../../src/stores/postgres.ts'

const key = randomBytes(32)

const unusedPool = (max: number) => ({
  options: { max },
  query: () => Promise.reject(new Error('not used')),
  connect: () => Promise.reject(new Error('not used')),
})

test.each([
  ['a pool of one', unusedPool(1), {}],
  ['a table name with a quote', unusedPool(4), { table: 'grants"; DROP TABLE users; --' }],
  ['a table name with two dots', unusedPool(4), { table: 'a.b.c' }],
])('postgres store: %s is refused', (_what, given, options) => {
  expect(() => postgresStore(given, { key, ...options })).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})

test('postgres store: the SQL for migrations names the table of the store', () => {
  expect(postgresTableSql({ table: 'auth.grants' })).toContain(
    'CREATE TABLE IF NOT EXISTS "auth"."grants"',
  )
  expect(postgresMigrationSql({ table: 'auth.grants' }).join('\n')).toContain(
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS "grants_due" ON "auth"."grants"',
  )
})
