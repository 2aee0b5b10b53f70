import * as fc from 'fast-check'
import { decodeJwt as decodePayloadByJose, decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { isCompactForm } from '../src/token/compact-form.ts'
import { decodeJwt } from '../src/token/decoded-jwt.ts'

const encode = (content: Uint8Array | string): string => Buffer.from(content).toString('base64url')

const part = fc.oneof(
  fc.dictionary(fc.string(), fc.jsonValue()).map((object) => encode(JSON.stringify(object))),
  fc.json().map((json) => encode(json)),
  fc.uint8Array().map((bytes) => encode(bytes)),
  fc.constantFrom(
    encode('\uFEFF{}'),
    encode('{"iss":"a","iss":"b"}'),
    encode('{"__proto__":{"iss":"a"}}'),
    encode(Buffer.from('{"iss":"\xff"}', 'latin1')),
    '',
  ),
)

function resultOf(decode: () => object): object | 'refused' {
  try {
    return decode()
  } catch {
    return 'refused'
  }
}

test('jwt: decodes and refuses the same tokens as jose', { tags: ['S-12'] }, () => {
  fc.assert(
    fc.property(part, part, fc.uint8Array(), (header, payload, signature) => {
      const token = `${header}.${payload}.${encode(signature)}`
      const expected = resultOf(() => ({
        header: decodeProtectedHeader(token),
        payload: decodePayloadByJose(token),
        signedText: `${header}.${payload}`,
        encoded: { protected: header, payload, signature: encode(signature) },
      }))
      expect(resultOf(() => decodeJwt(token))).toEqual(expected)
    }),
    { numRuns: 2000 },
  )
})

test('jwt: tokens with the same header share it, also after many others', () => {
  const decode = (index: number) =>
    decodeJwt(`${encode(JSON.stringify({ alg: 'ES256', index }))}.${encode('{}')}.`)
  expect(decode(0).header).toBe(decode(0).header)
  for (let index = 0; index < 1000; index += 1) {
    expect(decode(index).header).toEqual({ alg: 'ES256', index })
  }
  expect(decode(0).header).toEqual({ alg: 'ES256', index: 0 })
  expect(Object.isFrozen(decode(0).header)).toBe(true)
})

// Some with unused bits, and some that decoders skip.
const encodingCharacters = [
  'A',
  'E',
  'Q',
  'g',
  'w',
  '0',
  '4',
  '8',
  'z',
  '-',
  '_',
  '+',
  '=',
  ' ',
  '\n',
]

/** The definition (RFC 7515 §2): decoding and encoding again gives the same text. */
function isCanonical(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text
}

test('jwt: the compact form is the only encoding of its bytes', { tags: ['S-12'] }, () => {
  const text = fc.string({ unit: fc.constantFrom(...encodingCharacters) })
  fc.assert(
    fc.property(text, text, text, (...parts) => {
      expect(isCompactForm(parts.join('.'))).toBe(parts.every((one) => isCanonical(one)))
    }),
    { numRuns: 5000 },
  )
})
