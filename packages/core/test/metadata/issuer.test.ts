import { expect, test } from 'vitest'
import {
  isSameIssuer,
  parseAuthorizationServerMetadata,
  relateIssuers,
} from '../../src/metadata.ts'

test.each([
  ['https://as.example', 'https://as.example', 'identical'],
  ['https://as.example', 'https://as.example/', 'equivalent'],
  ['https://as.example:8443/', 'https://as.example:8443', 'equivalent'],
  ['https://as.example/tenant', 'https://as.example/tenant/', 'different'],
  ['https://as.example', 'https://as.example//', 'different'],
  ['https://as.example', 'https://AS.example', 'different'],
  ['https://as.example', 'https://as.example:443', 'different'],
  ['https://as.example', 'http://as.example', 'different'],
  ['https://as.example/', 'https://as.example?', 'different'],
  ['/', '', 'different'],
])('issuer: %s and %s are %s', { tags: ['C-32'] }, (one, other, relation) => {
  expect(relateIssuers(one, other)).toBe(relation)
  expect(relateIssuers(other, one)).toBe(relation)
  expect(isSameIssuer(one, other)).toBe(relation !== 'different')
})

const issuer = 'https://as.example'
const document = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
}

test(
  'server metadata: an issuer with the slash of an empty path is used with a warning',
  {
    tags: ['C-32'],
  },
  () => {
    const { metadata, warnings } = parseAuthorizationServerMetadata(document, `${issuer}/`)
    expect(metadata.issuer).toBe(issuer)
    expect(warnings.map(({ code }) => code)).toEqual(['issuer-slash-ignored'])
  },
)

test(
  'server metadata: another issuer is used only if it is named as trusted',
  {
    tags: ['C-32'],
  },
  () => {
    const expected = 'https://gateway.example'
    const { metadata, warnings } = parseAuthorizationServerMetadata(document, expected, {
      trustedIssuer: `${issuer}/`,
    })
    expect(metadata.issuer).toBe(issuer)
    expect(warnings.map(({ code }) => code)).toEqual(['issuer-trusted'])
    for (const trustedIssuer of [undefined, 'https://other.example', `${issuer}/tenant`]) {
      expect(() => parseAuthorizationServerMetadata(document, expected, { trustedIssuer })).toThrow(
        expect.objectContaining({ code: 'ISSUER_MISMATCH' }),
      )
    }
  },
)
