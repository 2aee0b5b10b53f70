import { expect, test } from 'vitest'
import { decideIssuer } from '../../src/authorization.ts'

const issuer = 'https://auth.test'

// The four rows of the specification, and exact string comparison.
test.each([
  [true, issuer, 'accept', 'identical'],
  [true, undefined, 'reject', 'missing'],
  [undefined, issuer, 'accept', 'identical'],
  [undefined, undefined, 'accept', 'not-sent-and-not-advertised'],
  [false, undefined, 'accept', 'not-sent-and-not-advertised'],
  [true, 'https://evil.test', 'reject', 'different'],
  [undefined, 'https://evil.test', 'reject', 'different'],
  [true, 'https://auth.test/', 'reject', 'different'],
  [true, 'https://auth.test//', 'reject', 'different'],
  [true, 'https://auth.test/?', 'reject', 'different'],
  [true, 'https://AUTH.test', 'reject', 'different'],
  [true, 'https://auth.test:443', 'reject', 'different'],
  [true, 'https%3A%2F%2Fauth.test', 'reject', 'different'],
  [undefined, '', 'reject', 'different'],
])(
  'issuer: advertised %s, sent %s: %s (%s)',
  { tags: ['C-35'] },
  (advertised, iss, action, reason) => {
    const metadata =
      advertised === undefined ? {} : { authorization_response_iss_parameter_supported: advertised }
    expect(decideIssuer(iss, issuer, metadata)).toMatchObject({ action, reason })
  },
)
