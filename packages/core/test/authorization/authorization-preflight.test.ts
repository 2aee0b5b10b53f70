import { expect, test } from 'vitest'
import { readAuthorizationAnswer } from '../../src/authorization.ts'
import type { AuthorizationEndpointAnswer } from '../../src/authorization.ts'

function read(status: number, body: string, changes: Partial<AuthorizationEndpointAnswer> = {}) {
  return readAuthorizationAnswer({
    status,
    contentType: null,
    redirectError: undefined,
    redirectErrorDescription: undefined,
    body,
    ...changes,
  })
}

const html = { contentType: 'text/html; charset=utf-8' }

test.each<[string, number, string, Partial<AuthorizationEndpointAnswer>]>([
  ['a JSON error with status 422', 422, '{"error":"..."}', {}],
  ['an empty 400', 400, '', {}],
  ['a page with status 400', 400, '<html><h1>Bad Request</h1></html>', html],
  ['invalid_request with status 400', 400, '{"error":"invalid_request"}', {}],
  ['invalid_client with status 401', 401, '{"error":"invalid_client"}', {}],
  [
    'words in HTML with status 403',
    403,
    '<p>The client&#39;s ID is unknown</p><p>Unknown client</p>',
    html,
  ],
  ['words far down a page', 401, `<p>${'Welcome. '.repeat(500)}</p>Unknown client`, html],
  ['nested JSON', 404, '{"error":{"message":"Application not found"}}', {}],
  [
    'a page that hides words in a script',
    400,
    '<script>var a="<p>"</script>Client not found',
    html,
  ],
])(
  'authorization answer: %s refuses the client',
  { tags: ['C-41'] },
  (_what, status, body, changes) => {
    expect(read(status, body, changes)).toMatchObject({
      at: 'authorization-request',
      clientRefused: true,
    })
  },
)

test.each<[string, number, string, Partial<AuthorizationEndpointAnswer>]>([
  ['a sign-in page', 200, '<title>Sign in to the application</title>', html],
  ['a page with an error in words', 200, 'Client not found', html],
  ['a server that fails', 500, '{"error":"invalid_client"}', {}],
  ['a rate limit', 429, 'Too many requests', {}],
  ['a method that is not allowed', 405, '', {}],
  ['a firewall', 403, '<title>Just a moment...</title>', html],
  ['an unknown path', 404, '<h1>404 Not Found</h1>', html],
  ['a server that requires cookies', 401, '{"error":"unauthorized","message":"Log in first"}', {}],
  ['a refused resource', 400, '{"error":"invalid_target"}', {}],
  ['a redirect to a sign-in page', 302, '', {}],
  ['a redirect with login_required', 302, '', { redirectError: 'login_required' }],
  ['a redirect with invalid_request', 302, '', { redirectError: 'invalid_request' }],
])(
  'authorization answer: %s refuses nothing',
  { tags: ['C-41'] },
  (_what, status, body, changes) => {
    expect(read(status, body, changes)).toBeUndefined()
  },
)

test('authorization answer: invalid_scope refuses the scope', { tags: ['C-43'] }, () => {
  const scope = { at: 'authorization-request', error: 'invalid_scope', description: undefined }
  expect(read(302, '', { redirectError: 'invalid_scope' })).toEqual(scope)
  expect(read(400, '{"error":"invalid_scope"}')).toMatchObject({ error: 'invalid_scope' })
})
