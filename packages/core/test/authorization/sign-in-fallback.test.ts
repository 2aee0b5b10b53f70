import { array, assert, constantFrom, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { decideSignInFallback } from '../../src/authorization.ts'
import type { RefusedRequest, SignInFallback, SignInRefusal } from '../../src/authorization.ts'

const request: RefusedRequest = {
  scope: 'mcp:read offline_access',
  prompt: 'consent',
  client: 'stored',
  registeredScope: undefined,
}

function refusedAt(
  at: SignInRefusal['at'],
  error: string | undefined,
  description?: string,
): SignInRefusal {
  return { at, error, description }
}

function fallbackOf(
  refusal: SignInRefusal,
  used: readonly SignInFallback[] = [],
  changes: Partial<RefusedRequest> = {},
): SignInFallback | 'fail' {
  const decision = decideSignInFallback({ ...request, ...changes }, refusal, used)
  return decision.action === 'retry' ? decision.fallback : 'fail'
}

test('sign-in fallback: the order for invalid_scope', { tags: ['C-05', 'C-43'] }, () => {
  const refusal = refusedAt('authorization-response', 'invalid_scope')
  expect(fallbackOf(refusal)).toBe('register-with-scope')
  expect(fallbackOf(refusal, ['register-with-scope'])).toBe('without-offline-access')
  expect(fallbackOf(refusal, ['register-with-scope', 'without-offline-access'])).toBe('fail')
})

test.each<[string, Partial<RefusedRequest>, SignInFallback | 'fail']>([
  ['a client that is registered by hand', { client: 'fixed' }, 'without-offline-access'],
  [
    'a client that is registered with the scope',
    { registeredScope: 'offline_access mcp:read' },
    'without-offline-access',
  ],
  ['a client with less scope', { registeredScope: 'openid' }, 'register-with-scope'],
  ['a request without scope', { scope: undefined }, 'fail'],
  [
    'a request without offline_access by a client with its scope',
    { scope: 'mcp:read', registeredScope: 'mcp:read' },
    'fail',
  ],
])('sign-in fallback: invalid_scope for %s', { tags: ['C-43'] }, (_what, changes, expected) => {
  expect(fallbackOf(refusedAt('code-exchange', 'invalid_scope'), [], changes)).toBe(expected)
})

test.each([
  ['offline_access is not allowed', 'without-offline-access'],
  ['The requested scope is invalid: mcp:read offline_access', 'without-offline-access'],
  ['The scope could not be read', 'without-offline-access'],
  ['mcp:read is unknown', 'fail'],
  ['unknown scope: mcp:read.', 'fail'],
  ['mcp:readonly is unknown', 'without-offline-access'],
])('sign-in fallback: the words %s', { tags: ['C-05'] }, (description, expected) => {
  const refusal = refusedAt('authorization-response', 'invalid_scope', description)
  expect(fallbackOf(refusal, ['register-with-scope'])).toBe(expected)
})

test('sign-in fallback: a plain word counts only in quotes', { tags: ['C-05'] }, () => {
  const of = (description: string) =>
    fallbackOf(refusedAt('authorization-response', 'invalid_scope', description), [], {
      client: 'fixed',
      scope: 'read offline_access',
    })
  expect(of('the scope could not be read')).toBe('without-offline-access')
  expect(of("the scope 'read' is unknown")).toBe('fail')
})

test('sign-in fallback: a refused client is registered again once', { tags: ['C-41'] }, () => {
  const refusal = refusedAt('authorization-response', 'unauthorized_client')
  expect(fallbackOf(refusal)).toBe('register-again')
  expect(fallbackOf(refusal, ['register-again'])).toBe('fail')
  expect(fallbackOf(refusal, [], { client: 'new' })).toBe('fail')
  expect(fallbackOf(refusal, [], { client: 'fixed' })).toBe('fail')
})

test('sign-in fallback: prompt is left out after an unknown error', { tags: ['C-07'] }, () => {
  expect(fallbackOf(refusedAt('authorization-response', 'invalid_request'))).toBe('without-prompt')
  expect(fallbackOf(refusedAt('authorization-response', 'x'), ['without-prompt'])).toBe('fail')
  expect(fallbackOf(refusedAt('authorization-response', 'access_denied'))).toBe('fail')
  expect(fallbackOf(refusedAt('code-exchange', 'invalid_request'))).toBe('fail')
  expect(fallbackOf(refusedAt('authorization-response', 'x'), [], { prompt: undefined })).toBe(
    'fail',
  )
})

test('sign-in fallback: the explanation has the words of the server', { tags: ['C-10'] }, () => {
  const refusal = refusedAt('authorization-response', 'invalid_scope', 'no offline access\nhere')
  expect(decideSignInFallback({ ...request, client: 'fixed' }, refusal, [])).toEqual({
    action: 'retry',
    fallback: 'without-offline-access',
    explanation: String.raw`The authorization server refuses the scope ("invalid_scope": "no offline access\nhere"), so offline_access was left out.`,
  })
})

test(
  'sign-in fallback: any sequence of refusals ends after at most four fallbacks',
  { tags: ['C-05', 'C-41', 'C-43'] },
  () => {
    const refusals = record({
      at: constantFrom(
        'authorization-request' as const,
        'authorization-response' as const,
        'code-exchange' as const,
      ),
      error: constantFrom(
        undefined,
        'invalid_client',
        'unauthorized_client',
        'invalid_scope',
        'invalid_request',
        'consent_required',
        'access_denied',
      ),
      description: constantFrom(undefined, 'offline_access', 'mcp:read', 'client not found'),
    })
    assert(
      property(array(refusals, { maxLength: 30 }), (sequence) => {
        const used: SignInFallback[] = []
        for (const refusal of sequence) {
          const next = fallbackOf(refusal, used)
          if (next !== 'fail') used.push(next)
        }
        expect(new Set(used).size).toBe(used.length)
        expect(used.length).toBeLessThanOrEqual(4)
      }),
    )
  },
)
