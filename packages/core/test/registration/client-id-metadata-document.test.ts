import { expect, test } from 'vitest'
import {
  isClientIdMetadataUrl,
  parseClientIdMetadataDocument,
  parseClientMetadata,
} from '../../src/registration.ts'

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
  ['redirect URIs that are not a list', { ...smallest, redirect_uris: 'https://app.test/cb' }],
  ['a dangerous redirect URI', { ...smallest, redirect_uris: ['javascript:alert(1)'] }],
  ['a secret', { ...smallest, client_secret: 'x' }],
  [
    'a method that requires a secret',
    { ...smallest, token_endpoint_auth_method: 'client_secret_post' },
  ],
  ['an unknown application type', { ...smallest, application_type: 'robot' }],
  ['grant types that are not a list', { ...smallest, grant_types: 'refresh_token' }],
  ['an array', [smallest]],
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
