import { expect, test } from 'vitest'
import { hashPassword, verifyPassword } from '../../src/accounts/accounts.ts'

test('passwords: every hash differs, and unknown formats never match', async () => {
  const [one, two] = await Promise.all([
    hashPassword('correct horse'),
    hashPassword('correct horse'),
  ])
  expect(one).not.toBe(two)
  expect(await verifyPassword('correct horse', one)).toBe(true)
  for (const hash of ['', 'plain', 'scrypt$1$1$1$$', one.replace('scrypt', 'argon2')]) {
    expect(await verifyPassword('correct horse', hash)).toBe(false)
  }
})
