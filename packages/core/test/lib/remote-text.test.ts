import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { cleanRemoteText, escapeInvisible, showRemote } from '../../src/index.ts'
import { parseProtectedResourceMetadata } from '../../src/metadata.ts'
import { parseRegistrationResponse } from '../../src/registration.ts'

const hostile =
  'a\u0000\u001b]0;x\u0007\r\u007f\u009b\u061c\u200b\u200e\u202e\u2066\u2028\u2029\ufeff\u{e0041}b'
// Every character that could mislead a terminal or a reader, except the joiners of words.
const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const steeringInText = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

test(
  'remote text: shown text contains no control or invisible characters',
  { tags: ['C-06'] },
  () => {
    expect(showRemote(hostile)).not.toMatch(steering)
    expect(cleanRemoteText(hostile)).toBe('a ]0;x b')
    expect(escapeInvisible(hostile)).not.toMatch(steeringInText)
  },
)

test(
  'remote text: escaping keeps line feeds, tabs, and the joiners of words and emoji',
  { tags: ['C-06'] },
  () => {
    for (const text of ['one\n\ttwo', 'می\u200cخواهم', '👩\u200d💻', '❤\ufe0f']) {
      expect(escapeInvisible(text)).toBe(text)
    }
  },
)

test('remote text: escaped JSON parses to the same value', { tags: ['C-06'] }, () => {
  assert(
    property(string({ unit: 'binary' }), (text) => {
      const escaped = escapeInvisible(JSON.stringify({ text: `${text}${hostile}` }))
      expect(escaped).not.toMatch(steeringInText)
      expect(JSON.parse(escaped)).toEqual({ text: `${text}${hostile}` })
    }),
  )
})

test('remote text: truncation does not split a character', { tags: ['C-06'] }, () => {
  const long = '😀'.repeat(400)
  for (const length of [119, 120, 121]) {
    expect(showRemote(long, length).isWellFormed()).toBe(true)
    expect(cleanRemoteText(long, length)?.isWellFormed()).toBe(true)
  }
})

test(
  'remote text: a document that is nested too deeply is refused with a typed error',
  { tags: ['C-30'] },
  () => {
    const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    expect(showRemote(deep)).toBe('an array')
    for (const document of [
      deep,
      { resource: deep },
      { resource: 'https://mcp.test', authorization_servers: deep },
    ]) {
      expect(() => parseProtectedResourceMetadata(document, 'https://mcp.test')).toThrow(
        expect.objectContaining({ code: 'METADATA_INVALID' }),
      )
    }
  },
)

test(
  'registration response: an error shows nothing of a body that may contain a secret',
  { tags: ['C-06'] },
  () => {
    const secret = 'registration-secret-5f1c'
    for (const body of [[{ client_id: 'a', client_secret: secret }], secret]) {
      expect(() => parseRegistrationResponse(body)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(secret) }),
      )
    }
  },
)
