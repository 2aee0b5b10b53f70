import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { createGroupCommit } from '../../src/store/group-commit.ts'

function numbers() {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY)')
  let transactions = 0
  let refusing = false
  const commits = createGroupCommit((work) => {
    transactions += 1
    if (refusing) throw new Error('database is locked')
    database.exec('BEGIN')
    try {
      const result = work()
      database.exec('COMMIT')
      return result
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  })
  return {
    commits,
    transactions: () => transactions,
    refuse: () => (refusing = true),
    insert: async (n: number) =>
      await commits.enqueue(() => {
        database.prepare('INSERT INTO numbers VALUES (?)').run(n)
        return n
      }),
    stored: () =>
      database
        .prepare('SELECT n FROM numbers ORDER BY n')
        .all()
        .map((row) => row['n']),
  }
}

test('group commit: concurrent writes are committed together', { tags: ['A-05'] }, async () => {
  const { insert, stored, transactions } = numbers()
  expect(await Promise.all([1, 2, 3].map(insert))).toEqual([1, 2, 3])
  expect(stored()).toEqual([1, 2, 3])
  expect(transactions()).toBe(1)
})

test(
  'group commit: failing work fails alone, and nothing is written twice',
  { tags: ['A-06'] },
  async () => {
    const { insert, stored, transactions } = numbers()
    await insert(2)
    const outcomes = await Promise.allSettled([1, 2, 3, 2, 4].map(insert))
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(stored()).toEqual([1, 2, 3, 4])
    expect(transactions()).toBe(4)
  },
)

test(
  'group commit: a failing commit is not repeated for each job',
  { tags: ['A-06'] },
  async () => {
    const { insert, stored, transactions, refuse } = numbers()
    refuse()
    const outcomes = await Promise.allSettled([1, 2, 3].map(insert))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(transactions()).toBe(1)
    expect(stored()).toEqual([])
  },
)

test('group commit: flush commits waiting work', { tags: ['A-06'] }, async () => {
  const { commits, insert, stored } = numbers()
  const inserting = insert(1)
  expect(stored()).toEqual([])
  commits.flush()
  expect(stored()).toEqual([1])
  expect(await inserting).toBe(1)
})
