import { anything, array, assert, constantFrom, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from '../../src/index.ts'
import {
  decideDevicePoll,
  parseDeviceAuthorization,
  supportsDeviceGrant,
} from '../../src/authorization.ts'
import { deviceCodeGrantType } from '../../src/registration.ts'

const usable = {
  device_code: 'device-code-secret',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://as.example/device',
  verification_uri_complete: 'https://as.example/device?user_code=WDJB-MJHT',
  expires_in: 1800,
  interval: 7,
}

test('device grant: reads a device authorization response', { tags: ['C-45'] }, () => {
  expect(parseDeviceAuthorization(usable)).toEqual({
    deviceCode: 'device-code-secret',
    userCode: 'WDJB-MJHT',
    verificationUri: 'https://as.example/device',
    verificationUriComplete: 'https://as.example/device?user_code=WDJB-MJHT',
    expiresInSeconds: 1800,
    intervalSeconds: 7,
  })
})

test.each([
  ['absent', undefined, 5],
  ['not a number', 'soon', 5],
  ['negative', -1, 5],
  ['a number as text', '9', 9],
  ['very short', 0.001, 1],
  ['very long', 86_400, 60],
])('device grant: an interval that is %s counts as the right one', { tags: ['C-45'] }, (...row) => {
  const [, interval, expected] = row
  expect(parseDeviceAuthorization({ ...usable, interval }).intervalSeconds).toBe(expected)
})

test('device grant: leaves out a complete URL that is not secure', { tags: ['C-45'] }, () => {
  const unsafe = { ...usable, verification_uri_complete: 'http://as.example/device?user_code=x' }
  expect(parseDeviceAuthorization(unsafe)).not.toHaveProperty('verificationUriComplete')
})

test.each([
  ['no object', 'text'],
  ['no device_code', { ...usable, device_code: undefined }],
  ['an empty user_code', { ...usable, user_code: '' }],
  ['a user_code with control characters', { ...usable, user_code: 'A\u001b[2JB' }],
  ['an http page', { ...usable, verification_uri: 'http://as.example/device' }],
  ['a javascript page', { ...usable, verification_uri: 'javascript:alert(1)' }],
  ['a page with a password', { ...usable, verification_uri: 'https://a:b@as.example/device' }],
  ['no lifetime', { ...usable, expires_in: undefined }],
  ['an expired code', { ...usable, expires_in: 0 }],
])(
  'device grant: refuses a response with %s, without the device code',
  { tags: ['C-45'] },
  (...row) => {
    const [, body] = row
    const parse = () => parseDeviceAuthorization(body)
    expect(parse).toThrow(expect.objectContaining({ code: 'DEVICE_AUTHORIZATION_INVALID' }))
    expect(parse).not.toThrow('device-code-secret')
  },
)

test(
  'device grant: is supported if the endpoint and the grant are declared',
  { tags: ['C-45'] },
  () => {
    const device_authorization_endpoint = 'https://as.example/device/auth'
    expect(supportsDeviceGrant({})).toBe(false)
    expect(supportsDeviceGrant({ device_authorization_endpoint })).toBe(true)
    const listed = (grant_types_supported: readonly string[]) =>
      supportsDeviceGrant({ device_authorization_endpoint, grant_types_supported })
    expect(listed(['authorization_code'])).toBe(false)
    expect(listed(['authorization_code', deviceCodeGrantType])).toBe(true)
  },
)

test.each([
  ['authorization_pending', 'refused', { action: 'wait', waitSeconds: 5, intervalSeconds: 5 }],
  ['slow_down', 'refused', { action: 'wait', waitSeconds: 10, intervalSeconds: 10 }],
  [undefined, 'transient', { action: 'wait', waitSeconds: 10, intervalSeconds: 10 }],
  [undefined, 'none', { action: 'wait', waitSeconds: 10, intervalSeconds: 10 }],
  ['access_denied', 'refused', { action: 'stop', reason: 'denied' }],
  ['expired_token', 'refused', { action: 'stop', reason: 'expired' }],
  ['invalid_grant', 'refused', { action: 'stop', reason: 'refused' }],
  [undefined, 'refused', { action: 'stop', reason: 'refused' }],
] as const)(
  'device grant: decides about %s (%s)',
  { tags: ['C-45'] },
  (oauthError, kind, expected) => {
    expect(decideDevicePoll({ kind, oauthError }, 5, 600)).toMatchObject(expected)
  },
)

test('device grant: stops when the code has expired', { tags: ['C-45'] }, () => {
  const pending = { kind: 'refused', oauthError: 'authorization_pending' } as const
  expect(decideDevicePoll(pending, 5, 0)).toMatchObject({ action: 'stop', reason: 'expired' })
})

test('device grant: waits as long as Retry-After says', { tags: ['C-45'] }, () => {
  const limited = { kind: 'transient', oauthError: undefined, retryAfterSeconds: 90 } as const
  expect(decideDevicePoll(limited, 5, 600)).toMatchObject({ waitSeconds: 90, intervalSeconds: 10 })
})

test(
  'device grant: the interval never becomes shorter, and slow_down lengthens it',
  { tags: ['C-45'] },
  () => {
    const answers = array(
      record({
        kind: constantFrom('refused', 'transient', 'none'),
        oauthError: constantFrom(undefined, 'authorization_pending', 'slow_down'),
      }),
    )
    assert(
      property(answers, (given) => {
        let interval = 5
        for (const answer of given) {
          const decision = decideDevicePoll(answer, interval, 600)
          if (decision.action === 'stop') return
          expect(decision.waitSeconds).toBeGreaterThanOrEqual(interval)
          const least = interval + (answer.oauthError === 'slow_down' ? 5 : 0)
          expect(decision.intervalSeconds).toBeGreaterThanOrEqual(least)
          interval = decision.intervalSeconds
        }
      }),
    )
  },
)

test('device grant: the parser only throws its own error', { tags: ['C-45'] }, () => {
  assert(
    property(anything(), (body) => {
      expect([undefined, true]).toContain(outcomeOf(body))
    }),
  )
})

/** `undefined` for a usable response, otherwise whether the error is the parser's own. */
function outcomeOf(body: unknown): boolean | undefined {
  try {
    parseDeviceAuthorization(body)
    return undefined
  } catch (error) {
    return ProtocolError.is(error)
  }
}
