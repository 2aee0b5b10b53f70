import * as fc from 'fast-check'

const characters = Array.from({ length: 0x7f - 0x21 }, (_, index) =>
  String.fromCharCode(0x21 + index),
).filter((character) => character !== '"' && character !== '\\')

/** Any scope token of RFC 6749 §3.3, with a higher share of `offline_access` and repeated words. */
export const scopeToken: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('offline_access', 'openid', 'read', 'write', 'files:read', 'Read'),
  fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 12 }),
)

/** Any token of RFC 9110 §5.6.2. */
export const headerToken: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(..."abcXYZ019-_.!#$%&'*+^`|~".split('')),
  minLength: 1,
  maxLength: 10,
})
