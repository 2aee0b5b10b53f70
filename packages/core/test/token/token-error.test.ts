import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { classifyTokenError, parseRetryAfter } from '../../src/index.ts'
import type { TokenEndpointAnswer } from '../../src/index.ts'

const json = (status: number, error: string): TokenEndpointAnswer => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify({ error }),
})

test.each<[TokenEndpointAnswer, string, string]>([
  [json(400, 'invalid_grant'), 'grant-ended', 'invalid-grant'],
  [json(403, 'invalid_grant'), 'grant-ended', 'invalid-grant'],
  [{ ...json(400, 'invalid_grant'), contentType: 'text/html' }, 'grant-ended', 'invalid-grant'],
  [json(200, 'invalid_grant'), 'grant-ended', 'invalid-grant'],
  [json(400, 'interaction_required'), 'grant-ended', 'interaction-required'],
  [{ status: 400, body: '' }, 'grant-ended', 'empty-bad-request'],
  [{ status: 400 }, 'grant-ended', 'empty-bad-request'],
  [json(401, 'invalid_client'), 'registration-ended', 'invalid-client'],
  [json(400, 'unauthorized_client'), 'registration-ended', 'unauthorized-client'],
  [json(400, 'invalid_scope'), 'request-refused', 'invalid-scope'],
  [json(400, 'invalid_target'), 'request-refused', 'invalid-target'],
  [json(400, 'invalid_request'), 'request-refused', 'invalid-request'],
  [json(400, 'unsupported_grant_type'), 'request-refused', 'unsupported-grant-type'],
  [json(400, 'who_knows'), 'request-refused', 'unknown-error'],
  [json(400, 'toString'), 'request-refused', 'unknown-error'],
  [{ status: 401, body: '{"message":"no"}' }, 'request-refused', 'unexplained-refusal'],
  [json(400, 'use_dpop_nonce'), 'use-dpop-nonce', 'use-dpop-nonce'],
  [{ status: 408 }, 'transient', 'timeout-at-server'],
  [{ status: 425 }, 'transient', 'timeout-at-server'],
  [{ status: 429 }, 'transient', 'rate-limited'],
  [json(429, 'invalid_grant'), 'transient', 'rate-limited'],
  [{ status: 500 }, 'transient', 'server-error'],
  [json(503, 'invalid_grant'), 'transient', 'server-error'],
  [json(400, 'temporarily_unavailable'), 'transient', 'server-error'],
  [json(400, 'server_error'), 'transient', 'server-error'],
  [json(400, 'slow_down'), 'transient', 'rate-limited'],
  [{ status: 302 }, 'transient', 'redirect'],
  [{ status: 200, contentType: 'text/html', body: 'Sign in' }, 'transient', 'not-an-oauth-answer'],
  [{ status: 400, body: '<!doctype html>' }, 'transient', 'not-an-oauth-answer'],
  [{ status: 403, contentType: 'text/plain', body: 'blocked' }, 'transient', 'not-an-oauth-answer'],
  [{ status: 403 }, 'transient', 'not-an-oauth-answer'],
  [{ status: 404 }, 'transient', 'endpoint-not-found'],
  [{ status: 400, body: '[]' }, 'request-refused', 'unexplained-refusal'],
  [{ status: 400, body: 'refresh token expired' }, 'request-refused', 'unexplained-refusal'],
  [{ status: 401 }, 'request-refused', 'unexplained-refusal'],
  [{ status: 401, body: '<h1>Unauthorized</h1>' }, 'request-refused', 'unexplained-refusal'],
  [{ status: 422, body: '{"success":false}' }, 'request-refused', 'unexplained-refusal'],
  [
    { status: 400, contentType: 'text/xml', body: '<ErrorResponse/>' },
    'request-refused',
    'unexplained-refusal',
  ],
  [
    { status: 400, body: '<?xml version="1.0"?><Error/>' },
    'request-refused',
    'unexplained-refusal',
  ],
  [{ status: 503, contentType: 'text/xml', body: '<Error/>' }, 'transient', 'server-error'],
  [json(401, 'TOKEN_EXPIRED'), 'request-refused', 'unknown-error'],
  [json(404, 'token_not_found'), 'request-refused', 'unknown-error'],
  [json(404, 'Not Found'), 'transient', 'endpoint-not-found'],
  [
    { status: 200, body: '{"ok":false,"error":"invalid_refresh_token"}' },
    'request-refused',
    'unknown-error',
  ],
  [{ status: 200, body: '{"ok":false}' }, 'request-refused', 'unexplained-refusal'],
  [
    { status: 200, body: 'error=bad_refresh_token&error_description=expired' },
    'request-refused',
    'unknown-error',
  ],
  [{ status: 200, body: 'access_token=a&error=none' }, 'transient', 'unreadable-success'],
  [{ status: 200, body: '{"code":0,"data":{}}' }, 'transient', 'unreadable-success'],
  [{ status: 204 }, 'transient', 'unreadable-success'],
  [
    { status: 400, body: '{"error":{"code":"invalid_grant","message":"expired"}}' },
    'grant-ended',
    'invalid-grant',
  ],
])(
  'token error: during a refresh, %j means %s (%s)',
  { tags: ['C-53'] },
  (answer, outcome, reason) => {
    expect(classifyTokenError(answer, { during: 'refresh' })).toMatchObject({ outcome, reason })
  },
)

test('token error: an empty 400 during a code exchange ends no grant', { tags: ['C-53'] }, () => {
  expect(classifyTokenError({ status: 400, body: '' }, { during: 'code-exchange' })).toMatchObject({
    outcome: 'request-refused',
    reason: 'unexplained-refusal',
  })
})

test('token error: a product can have its own code for invalid_grant', { tags: ['C-53'] }, () => {
  expect(
    classifyTokenError(json(200, 'bad_refresh_token'), {
      during: 'refresh',
      grantEndedErrors: ['bad_refresh_token'],
    }),
  ).toMatchObject({ outcome: 'grant-ended', oauthError: 'bad_refresh_token' })
})

test('token error: a parsed body is accepted, and its text is cleaned', () => {
  const decision = classifyTokenError(
    { status: 400, body: { error: 'invalid_grant', error_description: 'gone\u0007\u001b[0m' } },
    { during: 'refresh' },
  )
  expect(decision.oauthErrorDescription).toBe('gone [0m')
})

test('token error law: a grant ends only if the server says so', { tags: ['C-53'] }, () => {
  const codes = new Set([
    'invalid_grant',
    'interaction_required',
    'login_required',
    'consent_required',
    'account_selection_required',
  ])
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 599 }),
      fc.oneof(fc.constant(''), fc.string(), fc.json(), fc.constant('{"error":"invalid_grant"}')),
      fc.constantFrom('refresh' as const, 'code-exchange' as const),
      (status, body, during) => {
        const decision = classifyTokenError({ status, body }, { during })
        const saidSo = codes.has(decision.oauthError ?? '')
        const emptyRefusal = status === 400 && body.trim() === '' && during === 'refresh'
        expect(decision.outcome === 'grant-ended').toBe(
          (saidSo &&
            (status < 300 ||
              (status >= 400 && status < 500 && ![408, 425, 429].includes(status)))) ||
            emptyRefusal,
        )
      },
    ),
  )
})

const nowEpochSeconds = Date.UTC(1994, 10, 6, 8, 49, 0) / 1000

test.each([
  [undefined, undefined],
  [null, undefined],
  ['', undefined],
  ['0', 0],
  [' 120 ', 120],
  ['99999999999', 86_400],
  ['-5', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['2030', 2030],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 37],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 37],
  ['Sun Nov  6 08:49:37 1994', 37],
  ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
  ['Mon, 06 Nov 2034 08:00:00 GMT', 86_400],
  ['Sun, not a date GMT', undefined],
])('Retry-After: %s is %s seconds', { tags: ['C-53'] }, (value, seconds) => {
  expect(parseRetryAfter(value, { nowEpochSeconds })).toBe(seconds)
})

test('token error: an unreadable success names its content type and no token', () => {
  const { explanation, oauthErrorDescription } = classifyTokenError(
    {
      status: 200,
      contentType: 'application/x-www-form-urlencoded',
      body: 'access_token=secret-token&token_type=bearer',
    },
    { during: 'refresh' },
  )
  expect(explanation).toContain('"application/x-www-form-urlencoded", but')
  expect(explanation).not.toContain('secret-token')
  expect(oauthErrorDescription).toBeUndefined()
})

test('token error: a redirect names its target without the query', { tags: ['C-53'] }, () => {
  const { explanation } = classifyTokenError(
    { status: 308, location: 'https://as.test/v2/token?secret=1' },
    { during: 'refresh' },
  )
  expect(explanation).toContain('(status 308) to "https://as.test/v2/token"')
})

test('Retry-After: a date without a zone means GMT in every time zone', () => {
  vi.stubEnv('TZ', 'America/New_York')
  try {
    expect(new Date(0).getHours()).toBe(19)
    expect(parseRetryAfter('Sun Nov  6 08:49:37 1994', { nowEpochSeconds })).toBe(37)
  } finally {
    vi.unstubAllEnvs()
  }
})

test('Retry-After: a date is read only if the current time is given', () => {
  expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:37 GMT')).toBeUndefined()
})

test('token error: a transient error has the server’s Retry-After', { tags: ['C-53'] }, () => {
  expect(classifyTokenError({ status: 503, retryAfter: '7' }, { during: 'refresh' })).toMatchObject(
    { outcome: 'transient', retryAfterSeconds: 7 },
  )
})

test('token error: the documented example', { tags: ['C-53'] }, () => {
  const ended = classifyTokenError(
    { status: 400, body: { error: 'invalid_grant' } },
    { during: 'refresh' },
  )
  expect(ended.outcome).toBe('grant-ended')
  expect(classifyTokenError({ status: 503 }, { during: 'refresh' }).outcome).toBe('transient')
})
