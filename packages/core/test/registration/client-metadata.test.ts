import { expect, test } from 'vitest'
import { buildClientMetadata } from '../../src/registration.ts'

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
] as const)(
  'client metadata: the application type for %s',
  { tags: ['C-38'] },
  (_, [first, ...others], type) => {
    const client = { name: 'App', redirectUris: [first, ...others] as const }
    expect(buildClientMetadata(client).application_type).toBe(type)
    expect(buildClientMetadata(client, { applicationType: 'native' }).application_type).toBe(
      'native',
    )
  },
)
