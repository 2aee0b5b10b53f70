import { expect, test } from 'vitest'
import { createCanaries } from '../src/index.ts'

test('finds a secret in whatever form it leaked, and names only its label', () => {
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
    expect(() => canaries.expectNoCanary(['clean', leak])).toThrow(/^Text 1 holds the secret/)
    expect(() => canaries.expectNoCanary([leak])).not.toThrow(secret)
  }
})
