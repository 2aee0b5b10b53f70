import { expect, test } from 'vitest'
import {
  buildClientMetadata,
  explainRegistrationError,
  isClientIdMetadataUrl,
  parseClientIdMetadataDocument,
  parseClientMetadata,
  parseRedirectUri,
  parseRegistrationResponse,
} from '../../src/index.ts'

test(
  'client metadata: declares the refresh_token grant and the application type',
  { tags: ['C-01', 'C-38'] },
  () => {
    expect(
      buildClientMetadata({ name: 'App', redirectUris: ['http://127.0.0.1:3000/callback'] }),
    ).toEqual({
      client_name: 'App',
      redirect_uris: ['http://127.0.0.1:3000/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    })
  },
)

test(
  'client metadata: does not declare the grant if the client wants no refresh token',
  { tags: ['C-01'] },
  () => {
    const metadata = buildClientMetadata(
      { name: 'App', redirectUris: ['https://app.test/cb'] },
      { wantsRefreshToken: false },
    )
    expect(metadata.grant_types).toEqual(['authorization_code'])
  },
)

test.each([
  ['loopback', ['http://localhost:1/cb'], 'native'],
  ['a private-use scheme', ['com.example.app:/cb'], 'native'],
  ['https', ['https://app.test/cb'], 'web'],
  ['https among others', ['http://127.0.0.1/cb', 'https://app.test/cb'], 'web'],
] as const)('the application type for %s', { tags: ['C-38'] }, (_, [first, ...others], type) => {
  const client = { name: 'App', redirectUris: [first, ...others] as const }
  expect(buildClientMetadata(client).application_type).toBe(type)
  expect(buildClientMetadata(client, { applicationType: 'native' }).application_type).toBe('native')
})

test.each([
  ['no URI', 'callback'],
  ['http on another host', 'http://app.test/cb'],
  ['a fragment', 'https://app.test/cb#x'],
  ['credentials', 'https://me:secret@app.test/cb'],
  ['javascript', 'javascript:alert(1)'],
  ['data', 'data:text/html,x'],
  ['a scheme without a dot', 'myapp:/cb'],
])('redirect URI: refuses %s', { tags: ['C-38', 'A-08'] }, (_, uri) => {
  expect(() => parseRedirectUri(uri)).toThrow(
    expect.objectContaining({ code: 'CLIENT_METADATA_INVALID' }),
  )
})

const url = 'https://app.example.com/oauth/client-metadata.json'

test('client document: parses the example of the specification', { tags: ['C-37', 'A-09'] }, () => {
  expect(
    parseClientIdMetadataDocument(
      {
        client_id: url,
        client_name: 'Example MCP Client',
        client_uri: 'https://app.example.com',
        logo_uri: 'https://app.example.com/logo.png',
        redirect_uris: ['http://127.0.0.1:3000/callback', 'http://localhost:3000/callback'],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      url,
    ),
  ).toMatchObject({ client_id: url, grant_types: ['authorization_code'] })
})

const smallest = { client_id: url, client_name: 'App', redirect_uris: ['https://app.test/cb'] }

test(
  'client metadata: the defaults of absent members declare no refresh_token grant',
  { tags: ['A-02'] },
  () => {
    expect(parseClientIdMetadataDocument(smallest, url)).toEqual({
      ...smallest,
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    })
    expect(parseClientMetadata({ redirect_uris: ['https://app.test/cb'] })).toMatchObject({
      token_endpoint_auth_method: 'client_secret_basic',
    })
  },
)

test.each([
  ['another client_id', { ...smallest, client_id: `${url}?` }],
  ['no name', { ...smallest, client_name: undefined }],
  ['no redirect URIs', { ...smallest, redirect_uris: [] }],
  ['redirect URIs that are no list', { ...smallest, redirect_uris: 'https://app.test/cb' }],
  ['a dangerous redirect URI', { ...smallest, redirect_uris: ['javascript:alert(1)'] }],
  ['a secret', { ...smallest, client_secret: 'x' }],
  [
    'a method that requires a secret',
    { ...smallest, token_endpoint_auth_method: 'client_secret_post' },
  ],
  ['an unknown application type', { ...smallest, application_type: 'robot' }],
  ['grant types that are no list', { ...smallest, grant_types: 'refresh_token' }],
  ['no object', [smallest]],
])('client document: refuses %s', { tags: ['A-09'] }, (_, document) => {
  expect(() => parseClientIdMetadataDocument(document, url)).toThrow(
    expect.objectContaining({ code: 'CLIENT_METADATA_INVALID' }),
  )
})

test.each([
  [url, true],
  ['https://app.test/c?v=1', true],
  ['https://app.test:8443/c', true],
  ['https://app.test', false],
  ['https://app.test/', false],
  ['http://app.test/c', false],
  ['http://127.0.0.1/c', false],
  ['https://app.test/a/../c', false],
  ['https://app.test/c#f', false],
  ['https://me@app.test/c', false],
  ['https://app.test:443/c', false],
  ['s6BhdRkqt3', false],
])('client document: %s as its URL: %s', { tags: ['C-37', 'A-09'] }, (clientId, expected) => {
  expect(isClientIdMetadataUrl(clientId)).toBe(expected)
})

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
  ['no object', null],
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
