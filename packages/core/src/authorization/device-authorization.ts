import { ProtocolError } from '../lib/errors.ts'
import { readNumber } from '../lib/remote-number.ts'
import { isRecord, showRemote } from '../lib/remote-text.ts'
import { isSecureEndpoint } from '../network/url.ts'
import { deviceCodeGrantType } from '../registration/device-grant-type.ts'

/** A device authorization response: where the user signs in, and with which code. */
export interface DeviceAuthorization {
  /** Secret: it gets the tokens after the user approved. */
  readonly deviceCode: string
  /** What the user types on the page. Printable ASCII. */
  readonly userCode: string
  /** The page where the user enters the code. */
  readonly verificationUri: string
  /** The page with the code filled in; absent if the server sent no usable one. */
  readonly verificationUriComplete?: string
  readonly expiresInSeconds: number
  /** The shortest time between two token requests. */
  readonly intervalSeconds: number
}

/** RFC 8628 §3.2: the default of `interval`. */
const defaultIntervalSeconds = 5
const longestIntervalSeconds = 60
/** Longer lifetimes are shortened: no user needs an hour for a page. */
const longestLifetimeSeconds = 3600
const longestCode = 4096
const userCodeText = /^[\x20-\x7e]{1,64}$/

/**
 * Whether a server declares the device grant: its endpoint, and the grant type if it lists any.
 *
 * @see RFC 8628 §4
 */
export function supportsDeviceGrant(metadata: {
  readonly device_authorization_endpoint?: string
  readonly grant_types_supported?: readonly string[]
}): boolean {
  const { device_authorization_endpoint: endpoint, grant_types_supported: grants } = metadata
  return endpoint !== undefined && (grants === undefined || grants.includes(deviceCodeGrantType))
}

/**
 * Validates a device authorization response. The URLs are shown to the user, so they must be `https`, or
 * `http` on a loopback host. A `verification_uri_complete` that is not is left out.
 *
 * @param body - The parsed JSON document.
 * @throws {ProtocolError} `DEVICE_AUTHORIZATION_INVALID`
 * @see RFC 8628 §3.2
 */
export function parseDeviceAuthorization(body: unknown): DeviceAuthorization {
  if (!isRecord(body)) throw invalid(`is ${showRemote(body)} (expected a JSON object)`)
  const { device_code: deviceCode, user_code: userCode } = body
  if (typeof deviceCode !== 'string' || deviceCode === '' || deviceCode.length > longestCode) {
    // The value is secret, so the message does not repeat it.
    throw invalid(`has no usable device_code (expected a text of 1 to ${longestCode} characters)`)
  }
  if (typeof userCode !== 'string' || !userCodeText.test(userCode)) {
    throw invalid(
      `has the user_code ${showRemote(userCode)} (expected 1 to 64 printable characters)`,
    )
  }
  // Google sends the name of an early draft.
  const verificationUri = body['verification_uri'] ?? body['verification_url']
  if (typeof verificationUri !== 'string' || !isSecureEndpoint(verificationUri)) {
    throw invalid(
      `has the verification_uri ${showRemote(verificationUri)} (expected an https URL without user name)`,
    )
  }
  const complete = body['verification_uri_complete']
  return {
    deviceCode,
    userCode,
    verificationUri,
    ...(typeof complete === 'string' && isSecureEndpoint(complete)
      ? { verificationUriComplete: complete }
      : {}),
    expiresInSeconds: lifetimeOf(body['expires_in']),
    intervalSeconds: intervalOf(body['interval']),
  }
}

function lifetimeOf(value: unknown): number {
  const seconds = readNumber(value)
  if (seconds !== undefined && seconds > 0) return Math.min(seconds, longestLifetimeSeconds)
  throw invalid(`has the expires_in ${showRemote(value)} (expected a positive number of seconds)`)
}

function intervalOf(value: unknown): number {
  const seconds = readNumber(value)
  if (seconds === undefined || !(seconds > 0)) return defaultIntervalSeconds
  return Math.min(Math.max(seconds, 1), longestIntervalSeconds)
}

function invalid(what: string): ProtocolError {
  return new ProtocolError(
    'DEVICE_AUTHORIZATION_INVALID',
    `The device authorization response ${what}. Ask the operator of the authorization server.`,
  )
}

/** A token response without tokens, to a request with a device code. */
export interface DevicePollAnswer {
  /** `transient`: the server failed or limits the rate. `none`: no answer arrived. */
  readonly kind: 'refused' | 'transient' | 'none'
  /** RFC 6749 §5.2 `error`, if the server sent one. */
  readonly oauthError: string | undefined
  readonly retryAfterSeconds?: number | undefined
}

/** What to do after a token response without tokens. */
export type DevicePollDecision =
  | {
      readonly action: 'wait'
      readonly reason: 'authorization-pending' | 'slow-down' | 'no-answer'
      /** How long to wait before the next request. */
      readonly waitSeconds: number
      /** The shortest time between two requests from now on. */
      readonly intervalSeconds: number
      readonly explanation: string
    }
  | {
      readonly action: 'stop'
      readonly reason: 'denied' | 'expired' | 'refused'
      readonly explanation: string
    }

/** `slow_down` lengthens the interval by this, for this and all later requests. */
const slowDownSeconds = 5

/**
 * Decides whether to repeat a token request with a device code, and when. `slow_down` lengthens the
 * interval for good. A server that does not answer is asked at half the rate each time.
 *
 * @param intervalSeconds - The interval that the previous decision returned, at first that of the device
 *   authorization response.
 * @param remainingSeconds - The time until the device code expires.
 * @see RFC 8628 §3.5
 */
export function decideDevicePoll(
  answer: DevicePollAnswer,
  intervalSeconds: number,
  remainingSeconds: number,
): DevicePollDecision {
  const { kind, oauthError } = answer
  if (oauthError === 'access_denied') {
    return stop('denied', 'The user or a policy of the server declined.')
  }
  if (oauthError === 'expired_token' || remainingSeconds <= 0) {
    return stop('expired', 'The code expired before the user approved.')
  }
  if (oauthError === 'authorization_pending') {
    return wait('authorization-pending', intervalSeconds, 'The user has not approved yet.')
  }
  if (oauthError === 'slow_down') {
    return wait(
      'slow-down',
      intervalSeconds + slowDownSeconds,
      `The server demands a slower rate, so the interval grows by ${slowDownSeconds} s.`,
    )
  }
  if (kind === 'refused') return stop('refused', 'The server refused the request.')
  const slower = wait(
    'no-answer',
    Math.max(intervalSeconds, Math.min(intervalSeconds * 2, longestIntervalSeconds)),
    'The server gave no usable answer, so the interval is doubled.',
  )
  const retryAfter = Math.min(answer.retryAfterSeconds ?? 0, longestLifetimeSeconds)
  return { ...slower, waitSeconds: Math.max(slower.waitSeconds, retryAfter) }
}

function wait(
  reason: 'authorization-pending' | 'slow-down' | 'no-answer',
  intervalSeconds: number,
  explanation: string,
): Extract<DevicePollDecision, { action: 'wait' }> {
  return { action: 'wait', reason, waitSeconds: intervalSeconds, intervalSeconds, explanation }
}

function stop(
  reason: 'denied' | 'expired' | 'refused',
  explanation: string,
): Extract<DevicePollDecision, { action: 'stop' }> {
  return { action: 'stop', reason, explanation }
}
