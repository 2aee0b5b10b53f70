import { expect, test } from 'vitest'
import { explainRegistrationError, parseRegistrationResponse } from '../../src/registration.ts'

test('registration response: reports wrong and missing members', { tags: ['C-01'] }, () => {
  expect(
    parseRegistrationResponse({
      client_id: 'abc',
      client_secret: 's3cret',
      client_secret_expires_at: 0,
      client_id_issued_at: 1,
      grant_types: ['authorization_code'],
      redirect_uris: ['http://127.0.0.1/cb'],
      token_endpoint_auth_method: 'client_secret_basic',
      registration_access_token: { not: 'a string' },
    }),
  ).toEqual({
    client_id: 'abc',
    client_secret: 's3cret',
    grant_types: ['authorization_code'],
    redirect_uris: ['http://127.0.0.1/cb'],
    token_endpoint_auth_method: 'client_secret_basic',
    warnings: [
      'registration_access_token has the wrong type and was left out',
      'grant_types does not list refresh_token, so the server will probably not issue one',
    ],
  })
})

test('registration response: a secret of the wrong type is not shown', { tags: ['C-06'] }, () => {
  const { warnings } = parseRegistrationResponse({ client_id: 'a', client_secret: ['s3cret'] })
  expect(JSON.stringify(warnings)).not.toContain('s3cret')
})

test.each([
  ['no client_id', {}],
  ['an empty client_id', { client_id: '' }],
  ['a client_id with a line break', { client_id: 'a\nb' }],
  ['null', null],
])('registration response: refuses %s', { tags: ['C-38'] }, (_, body) => {
  expect(() => parseRegistrationResponse(body)).toThrow(
    expect.objectContaining({ code: 'REGISTRATION_RESPONSE_INVALID' }),
  )
})

test.each([
  [400, { error: 'invalid_redirect_uri', error_description: 'no' }, 'application_type'],
  [400, { error: 'invalid_client_metadata' }, 'metadata'],
  [400, { error: 'unapproved_software_statement' }, 'software statement'],
  [403, undefined, 'by hand'],
  [503, '<html>', 'later'],
  [422, {}, 'by hand'],
])('registration error: status %s says what to do', { tags: ['C-38'] }, (status, body, words) => {
  expect(explainRegistrationError(status, body).explanation).toContain(words)
})
