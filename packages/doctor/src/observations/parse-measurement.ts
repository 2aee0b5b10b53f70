import { isRecord } from '../lib/json.ts'
import type { Measurement } from './measurement.ts'

/** Whether a value of a recording has the shape of a measurement, in every member that is read. */
export function isMeasurement(value: unknown): value is Measurement {
  return measurement(value)
}

type Check = (value: unknown) => boolean

const text: Check = (value) => typeof value === 'string'
const flag: Check = (value) => typeof value === 'boolean'
const quantity: Check = (value) => typeof value === 'number' && value >= 0 && value < 1e12
const texts: Check = (value) => Array.isArray(value) && value.every(text)

function oneOf(...values: readonly string[]): Check {
  return (value) => typeof value === 'string' && values.includes(value)
}

function optional(check: Check): Check {
  return (value) => value === undefined || check(value)
}

function members(checks: Readonly<Record<string, Check>>): Check {
  return (value) =>
    isRecord(value) && Object.entries(checks).every(([name, check]) => check(value[name]))
}

const quantities: Check = (value) => isRecord(value) && Object.values(value).every(quantity)
const time = members({ seconds: quantity, isAtLeast: flag })

const trial = members({
  outcome: oneOf('tokens', 'refused', 'no-answer'),
  status: optional(quantity),
  error: optional(text),
  meaning: optional(text),
  refreshToken: optional(oneOf('new', 'same', 'none')),
  scope: optional(text),
  audience: optional(texts),
})

const accessToken = members({
  format: oneOf('jwt', 'opaque'),
  type: oneOf('Bearer', 'DPoP'),
  expiresInSeconds: optional(quantity),
  scope: optional(text),
  audience: optional(texts),
  issuer: optional(text),
  typ: optional(text),
  mcpServerStatus: optional(quantity),
})

const refresh = members({
  rotation: oneOf('rotates', 'same-token', 'no-token', 'unknown'),
  overlap: optional(time),
  plain: trial,
  withResource: trial,
  withScope: trial,
  narrowed: optional(trial),
  afterNarrowing: optional(trial),
})

const reuse = members({
  grace: time,
  withinGrace: optional(oneOf('same-successor', 'another-token', 'no-token')),
  afterGrace: optional(oneOf('grant-ended', 'refused')),
})

const revocation = members({
  outcome: oneOf('not-offered', 'revoked', 'ineffective', 'refused'),
  status: optional(quantity),
  refreshTokenLatency: optional(time),
  deadToken: optional(trial),
  accessTokenLatency: optional(time),
})

const cleanUp = members({
  grants: quantity,
  revoked: quantity,
  client: oneOf('deleted', 'left', 'none'),
})

const measurement = members({
  issuer: text,
  isPublicClient: flag,
  registration: oneOf('pre-registered', 'client-id-metadata-document', 'dynamic'),
  iss: oneOf('sent', 'absent', 'wrong'),
  requestedScope: optional(text),
  accessToken,
  refreshToken: oneOf('issued', 'not-issued'),
  noRefreshTokenReason: optional(text),
  announced: quantities,
  refresh: optional(refresh),
  invalidToken: trial,
  reuse: optional(reuse),
  revocation,
  cleanUp,
})
