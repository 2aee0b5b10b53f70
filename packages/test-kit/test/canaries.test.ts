import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { createCanaries } from '../src/index.ts'

test('canaries: finds a secret in every form, and names only its label', () => {
  const canaries = createCanaries()
  const secret = canaries.secret('refresh token')
  canaries.watch('password', 'p@ss word!')
  canaries.expectNoCanary(['nothing here'])
  const leaks = [
    `token=${secret}`,
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('hex'),
    encodeURIComponent('p@ss word!'),
  ]
  for (const leak of leaks) {
    expect(() => canaries.expectNoCanary(['clean', leak])).toThrow(/^Text 1 contains the secret/)
    expect(() => canaries.expectNoCanary([leak])).not.toThrow(secret)
  }
})

test('canaries: finds the bytes of a key in every form', () => {
  const canaries = createCanaries()
  const key = randomBytes(32)
  canaries.watch('key', key)
  canaries.expectNoCanary(['nothing here', inspect(randomBytes(32))])
  const leaks = [
    `k=${key.toString('hex').toUpperCase()}`,
    key.toString('base64'),
    key.toString('base64url'),
    inspect({ key }),
    inspect({ key: new Uint8Array(key) }),
    JSON.stringify({ key }),
  ]
  for (const leak of leaks) {
    expect(() => canaries.expectNoCanary([leak])).toThrow('contains the secret "key"')
  }
})
