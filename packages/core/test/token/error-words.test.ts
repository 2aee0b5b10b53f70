import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readErrorWords } from '../../src/index.ts'

test.each<[unknown, string | undefined, string | undefined]>([
  [{ error: 'invalid_request', error_description: 'expired' }, 'invalid_request', 'expired'],
  [{ error: { code: 'invalid_grant', message: 'revoked' } }, 'invalid_grant', 'revoked'],
  [{ error: { code: 401, status: 'UNAUTHENTICATED', message: 'no' } }, '401', 'no'],
  [{ error: { type: 'auth_error', message: 'no' } }, 'auth_error', 'no'],
  [{ errors: [{ message: 'first' }, { message: 'second' }] }, undefined, 'first'],
  [{ errors: ['only text'] }, undefined, 'only text'],
  [{ errorCode: 'E0000011', errorSummary: 'Invalid token' }, 'E0000011', 'Invalid token'],
  [{ code: 'token_expired', message: 'Token expired' }, 'token_expired', 'Token expired'],
  [{ error_code: 'x', error_message: 'y' }, 'x', 'y'],
  [
    { detail: 'No such token', title: 'Bad Request', type: 'about:blank' },
    undefined,
    'No such token',
  ],
  [{ title: 'Forbidden', status: 403 }, undefined, 'Forbidden'],
  [{ __type: 'com.aws#NotAuthorizedException', message: 'no' }, 'NotAuthorizedException', 'no'],
  [
    { fault: { faultstring: 'Invalid token', detail: { errorcode: 'x' } } },
    undefined,
    'Invalid token',
  ],
  [{ ok: false, error: 'invalid_refresh_token' }, 'invalid_refresh_token', undefined],
  [{ success: false, data: { message: 'nested' } }, undefined, 'nested'],
  [{ error: 'a\u0000b', message: 'c\u001b[31md' }, 'a b', 'c [31md'],
  [{ error: 7, message: { text: 'no' } }, '7', undefined],
  ['<Error><Code>x</Code></Error>', undefined, '<Error><Code>x</Code></Error>'],
  [
    {
      detail: [
        { type: 'extra_forbidden', loc: ['body', 'application_type'], msg: 'Not permitted' },
      ],
    },
    'extra_forbidden',
    'body.application_type: Not permitted',
  ],
  [
    { detail: { error: 'invalid_grant', error_description: 'revoked' } },
    'invalid_grant',
    'revoked',
  ],
  [{ detail: [{ loc: [], msg: 'no' }] }, undefined, 'no'],
  [{ detail: [], title: 'Bad Request' }, undefined, 'Bad Request'],
  [[], undefined, undefined],
  [null, undefined, undefined],
])('error words: of %j are %s and %s', { tags: ['C-59'] }, (body, error, description) => {
  expect(readErrorWords(body)).toEqual({ error, description })
})

test('error words law: any JSON yields short single lines', { tags: ['C-59'] }, () => {
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      const { error = '', description = '' } = readErrorWords(body)
      expect(error.length).toBeLessThanOrEqual(101)
      expect(description.length).toBeLessThanOrEqual(301)
      expect(error + description).not.toMatch(/[\n\r]/)
    }),
  )
})
