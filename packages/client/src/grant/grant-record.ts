import type { GrantExpiry, TokenSet } from '@evergrant/core'
import { isLifetimeMember } from '@evergrant/core'
import { EvergrantClientError } from '../lib/errors.ts'
import { isObject } from '../lib/is-object.ts'
import type { RecordName, StoredRecord } from '../stores/store.ts'
import type {
  Grant,
  GrantEnd,
  GrantIdentity,
  PendingNotice,
  PendingRefresh,
  PrivateJwk,
  RefreshRefusal,
  RefusalsBeforeSignIn,
} from './grant.ts'

const recordVersion = 1

/** The body of a grant's record. `savedAtEpochSeconds` is the time by the clock of the writer. */
export function serializeGrant(grant: Grant, savedAtEpochSeconds: number): string {
  return JSON.stringify({ version: recordVersion, savedAtEpochSeconds, ...grant })
}

/** Why a record cannot be used. A record of a later version is never set aside. */
export type UnreadableReason = 'damaged' | 'later-version' | 'another-identity'

/** A stored grant, or why the record cannot be read as one. */
export type ParsedGrant =
  | { readonly grant: Grant }
  | { readonly unreadable: UnreadableReason; readonly detail: string }

/**
 * Reads the record of a grant, and checks every member. A record that names another identity was
 * swapped or copied, and its tokens are not used.
 *
 * @param expected - Without it, the caller compares the identity that the record names.
 */
export function parseGrant(
  stored: StoredRecord,
  expected: GrantIdentity | undefined,
  nowEpochSeconds: number,
): ParsedGrant {
  let value: unknown
  try {
    value = JSON.parse(stored.body)
  } catch {
    return { unreadable: 'damaged', detail: 'it is not JSON' }
  }
  if (!isObject(value)) return { unreadable: 'damaged', detail: 'it is not a JSON object' }
  const version = value['version']
  if (typeof version === 'number' && version > recordVersion) {
    return { unreadable: 'later-version', detail: `it has version ${version}` }
  }
  if (version !== recordVersion) return { unreadable: 'damaged', detail: 'it has no version' }

  const identity = expected ?? readIdentity(value['identity'])
  if (identity === undefined) return { unreadable: 'damaged', detail: 'it names no identity' }
  const differing = differingMember(value['identity'], identity)
  if (differing !== undefined) {
    return { unreadable: 'another-identity', detail: `its ${differing} is a different one` }
  }
  const grant = readGrant(value, identity)
  if (grant === undefined) return { unreadable: 'damaged', detail: 'a member is missing or wrong' }

  const savedAt = value['savedAtEpochSeconds']
  if (typeof savedAt !== 'number') {
    return { unreadable: 'damaged', detail: 'its member "savedAtEpochSeconds" is missing' }
  }
  return { grant: onThisClock(grant, savedAt, stored.ageSeconds, nowEpochSeconds) }
}

/** The typed error for a record that cannot be used. */
export function unreadableRecord(
  name: RecordName,
  reason: UnreadableReason,
  detail: string,
): EvergrantClientError {
  const what = `The stored ${name.kind} ${name.id.slice(0, 12)} cannot be used: ${detail}. `
  const next: Record<UnreadableReason, string> = {
    damaged: 'The record was set aside in the store, and nothing was sent. Sign in again.',
    'later-version':
      'The record was not changed, and nothing was sent. Update to the version that wrote it.',
    'another-identity':
      'The record was copied or renamed. It was set aside in the store, and nothing was sent. Sign in again.',
  }
  return new EvergrantClientError('RECORD_UNREADABLE', what + next[reason])
}

/**
 * Converts the times of a grant to the clock of this machine, if the store knows the age of the
 * record. Two machines then agree on the remaining lifetime even if their clocks differ.
 */
function onThisClock(
  grant: Grant,
  savedAtEpochSeconds: number,
  ageSeconds: number | undefined,
  nowEpochSeconds: number,
): Grant {
  if (ageSeconds === undefined || grant.tokenSet === undefined) return grant
  const shift = nowEpochSeconds - ageSeconds - savedAtEpochSeconds
  const { tokenSet, pending, refusal, refusedBefore } = grant
  return {
    ...grant,
    ...(pending && {
      pending: { ...pending, startedAtEpochSeconds: pending.startedAtEpochSeconds + shift },
    }),
    ...present('refusal', shifted(refusal, shift)),
    ...present('refusedBefore', shifted(refusedBefore, shift)),
    tokenSet: {
      ...tokenSet,
      issuedAtEpochSeconds: tokenSet.issuedAtEpochSeconds + shift,
      expiresAtEpochSeconds:
        tokenSet.expiresAtEpochSeconds === undefined
          ? undefined
          : tokenSet.expiresAtEpochSeconds + shift,
      ...present('refreshTokenExpiry', shifted(tokenSet.refreshTokenExpiry, shift)),
      ...present('authorizationExpiry', shifted(tokenSet.authorizationExpiry, shift)),
    },
  }
}

function shifted<Value extends { readonly atEpochSeconds: number }>(
  value: Value | undefined,
  seconds: number,
): Value | undefined {
  return value && { ...value, atEpochSeconds: value.atEpochSeconds + seconds }
}

function readGrant(value: Record<string, unknown>, identity: GrantIdentity): Grant | undefined {
  const state = value['state']
  if (state !== 'active' && state !== 'needs-reauth' && state !== 'signed-out') return undefined
  const tokenSet = optional(value['tokenSet'], readTokenSet)
  const pending = optional(value['pending'], readPending)
  const ended = optional(value['ended'], readEnd)
  const requestedScope = optional(value['requestedScope'], readString)
  const dpopKey = optional(value['dpopKey'], readJwk)
  const refusal = optional(value['refusal'], readRefusal)
  const refusedBefore = optional(value['refusedBefore'], readRefusalsBefore)
  const warnedThresholdSeconds = optional(value['warnedThresholdSeconds'], readNumber)
  const serverUrl = optional(value['serverUrl'], readString)
  const failures = optional(value['failures'], readNumber)
  const notice = optional(value['notice'], readNotice)
  const members = [
    serverUrl,
    failures,
    notice,
    warnedThresholdSeconds,
    tokenSet,
    pending,
    ended,
    requestedScope,
    dpopKey,
    refusal,
    refusedBefore,
  ]
  if (members.includes(invalid)) return undefined
  if (state === 'active' && tokenSet === undefined) return undefined
  return {
    identity,
    ...present('serverUrl', serverUrl),
    state,
    ...present('tokenSet', tokenSet),
    ...present('pending', pending),
    ...present('failures', failures),
    ...present('ended', ended),
    ...present('notice', notice),
    ...present('refusal', refusal),
    ...present('refusedBefore', refusedBefore),
    ...present('warnedThresholdSeconds', warnedThresholdSeconds),
    ...present('requestedScope', requestedScope),
    ...present('dpopKey', dpopKey),
  }
}

const invalid = Symbol('invalid')

function optional<Value>(
  value: unknown,
  read: (value: unknown) => Value | undefined,
): Value | undefined | typeof invalid {
  if (value === undefined) return undefined
  return read(value) ?? invalid
}

function present<Key extends string, Value>(
  key: Key,
  value: Value | undefined | typeof invalid,
): Partial<Record<Key, Value>> {
  if (value === undefined || value === invalid) return {}
  return { [key]: value } as Partial<Record<Key, Value>>
}

function readTokenSet(value: unknown): TokenSet | undefined {
  if (!isObject(value)) return undefined
  const accessToken = value['accessToken']
  const tokenType = value['tokenType']
  const issuedAtEpochSeconds = value['issuedAtEpochSeconds']
  const expiresAtEpochSeconds = value['expiresAtEpochSeconds']
  const refreshToken = value['refreshToken']
  const scope = value['scope']
  if (typeof accessToken !== 'string' || accessToken === '') return undefined
  if (tokenType !== 'Bearer' && tokenType !== 'DPoP') return undefined
  if (typeof issuedAtEpochSeconds !== 'number') return undefined
  if (expiresAtEpochSeconds !== undefined && typeof expiresAtEpochSeconds !== 'number') {
    return undefined
  }
  if (refreshToken !== undefined && typeof refreshToken !== 'string') return undefined
  if (scope !== undefined && typeof scope !== 'string') return undefined
  return {
    accessToken,
    tokenType,
    issuedAtEpochSeconds,
    expiresAtEpochSeconds,
    refreshToken,
    scope,
    ...present('refreshTokenExpiry', readExpiry(value['refreshTokenExpiry'])),
    ...present('authorizationExpiry', readExpiry(value['authorizationExpiry'])),
  }
}

/** When a grant ends. A record without it is usable. */
function readExpiry(value: unknown): GrantExpiry | undefined {
  if (!isObject(value)) return undefined
  const { atEpochSeconds, source, isFixed } = value
  if (typeof atEpochSeconds !== 'number' || typeof isFixed !== 'boolean') return undefined
  return isLifetimeMember(source) ? { atEpochSeconds, source, isFixed } : undefined
}

function readPending(value: unknown): PendingRefresh | undefined {
  if (!isObject(value)) return undefined
  const { startedAtEpochSeconds, attempts, detail } = value
  if (typeof startedAtEpochSeconds !== 'number' || typeof attempts !== 'number') return undefined
  return {
    startedAtEpochSeconds,
    attempts,
    ...(typeof detail === 'string' ? { detail } : {}),
  }
}

function readNotice(value: unknown): PendingNotice | undefined {
  if (!isObject(value)) return undefined
  const { id, failures } = value
  return typeof id === 'string' && typeof failures === 'number' ? { id, failures } : undefined
}

function readEnd(value: unknown): GrantEnd | undefined {
  if (!isObject(value)) return undefined
  const { reason, oauthError, atEpochSeconds, detail } = value
  if (reason !== 'refused' && reason !== 'lost-response' && reason !== 'registration-ended') {
    return undefined
  }
  if (typeof atEpochSeconds !== 'number') return undefined
  return {
    reason,
    atEpochSeconds,
    ...(typeof oauthError === 'string' ? { oauthError } : {}),
    ...(typeof detail === 'string' ? { detail } : {}),
  }
}

function readRefusal(value: unknown): RefreshRefusal | undefined {
  if (!isObject(value)) return undefined
  const { atEpochSeconds, detail, oauthError } = value
  if (typeof atEpochSeconds !== 'number' || typeof detail !== 'string') return undefined
  return { atEpochSeconds, detail, ...(typeof oauthError === 'string' ? { oauthError } : {}) }
}

function readRefusalsBefore(value: unknown): RefusalsBeforeSignIn | undefined {
  if (!isObject(value)) return undefined
  const { count, oauthError, atEpochSeconds } = value
  if (typeof count !== 'number' || typeof atEpochSeconds !== 'number') return undefined
  return { atEpochSeconds, count, ...(typeof oauthError === 'string' ? { oauthError } : {}) }
}

function readString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function readNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function readJwk(value: unknown): PrivateJwk | undefined {
  if (!isObject(value)) return undefined
  const { kty } = value
  return typeof kty === 'string' ? { ...value, kty } : undefined
}

function readIdentity(value: unknown): GrantIdentity | undefined {
  if (!isObject(value)) return undefined
  const { partition, issuer, resource, clientId } = value
  return typeof partition === 'string' &&
    typeof issuer === 'string' &&
    typeof resource === 'string' &&
    typeof clientId === 'string'
    ? { partition, issuer, resource, clientId }
    : undefined
}

function differingMember(value: unknown, identity: GrantIdentity): string | undefined {
  if (!isObject(value)) return 'identity'
  for (const member of ['partition', 'issuer', 'resource', 'clientId'] as const) {
    if (value[member] !== identity[member]) return member
  }
  return undefined
}
