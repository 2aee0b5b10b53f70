import type { BearerChallenge } from '@evergrant/core'
import { formatScope } from '@evergrant/core'
import type { EvergrantClientErrorCode } from '../lib/errors.ts'
import { EvergrantClientError, withNote } from '../lib/errors.ts'
import { isObject } from '../lib/is-object.ts'
import { recordId } from '../grant/grant.ts'
import type { JsonRecord } from './json-record.ts'
import { jsonRecord } from './json-record.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInOptions } from './sign-in-api.ts'
import { isStepUp } from './sign-in-coverage.ts'

/**
 * The last sign-in that a server refused, for callers that waited for it. The record is not used for
 * callers that come later, so a new attempt always opens a page.
 */
interface FailedSignIn {
  /** Different for each failure. */
  readonly id: string
  /** What the sign-in was for; see {@link purposeOf}. */
  readonly purpose: string
  readonly code: EvergrantClientErrorCode
  readonly message: string
  readonly oauthError?: string
  readonly oauthErrorDescription?: string
  readonly retryAfterSeconds?: number
}

/** Shares a failure with the callers that wait for the sign-in, so that each does not open a page. */
export interface FailureWatch {
  /**
   * Runs the sign-in of this caller, and notes its failure for the callers that wait.
   *
   * @throws The failure of another sign-in for the same purpose since this watch began
   */
  run<Result>(signIn: () => Promise<Result>): Promise<Result>
}

/** Begins to watch. Call it before you wait for the sign-in of another caller. */
export async function watchFailures(
  { store, partition, serverUrl }: Pick<SessionContext, 'store' | 'partition' | 'serverUrl'>,
  { challenge, force, registerAgain }: SignInOptions,
): Promise<FailureWatch> {
  const recordName = await recordId(['failed-sign-in', partition, serverUrl])
  const record = jsonRecord(store, { kind: 'authorization', id: recordName }, parseFailedSignIn)
  const purpose = purposeOf(challenge)
  const before = (await readOr(record))?.id

  async function failure(): Promise<EvergrantClientError | undefined> {
    // The user started such a sign-in, whatever another one ended with.
    if (force === true || registerAgain === true) return undefined
    const last = await readOr(record)
    if (last === undefined || last.id === before || last.purpose !== purpose) return undefined
    return withNote(
      new EvergrantClientError(last.code, last.message, last),
      'This is the result of a sign-in that another caller or process started, and that this one waited for.',
    )
  }

  async function note(error: unknown): Promise<void> {
    if (!EvergrantClientError.is(error) || !isShared(error)) return
    const { code, message, oauthError, oauthErrorDescription, retryAfterSeconds } = error
    const id = crypto.randomUUID()
    const failed = { id, purpose, code, message }
    const details = { oauthError, oauthErrorDescription, retryAfterSeconds }
    try {
      await record.put(parseFailedSignIn({ ...failed, ...details }) ?? failed)
    } catch {
      // The error of the sign-in matters more than a store that cannot save the note.
    }
  }

  return {
    async run(signIn) {
      const failed = await failure()
      if (failed !== undefined) throw failed
      try {
        return await signIn()
      } catch (error) {
        await note(error)
        throw error
      }
    },
  }
}

/** A page that another caller opened for a step-up says nothing about a sign-in for other scope. */
function purposeOf(challenge: BearerChallenge | undefined): string {
  return isStepUp(challenge) ? (formatScope(challenge?.scope ?? []) ?? '') : ''
}

const answers: ReadonlySet<EvergrantClientErrorCode> = new Set<EvergrantClientErrorCode>([
  'TOKEN_REQUEST_REFUSED',
  'TOKEN_RESPONSE_INVALID',
  'AUTHORIZATION_RESPONSE_INVALID',
  'TEMPORARILY_UNAVAILABLE',
])

/** Whether a server or the user answered. Other failures may concern the configuration of one caller. */
function isShared({ code, oauthError }: EvergrantClientError): boolean {
  return answers.has(code) || (code === 'SIGN_IN_FAILED' && oauthError !== undefined)
}

async function readOr(record: JsonRecord<FailedSignIn>): Promise<FailedSignIn | undefined> {
  try {
    return (await record.read()).value
  } catch {
    // Without the record, a caller that waited opens a page.
    return undefined
  }
}

function parseFailedSignIn(value: unknown): FailedSignIn | undefined {
  if (!isObject(value)) return undefined
  const { id, purpose, code, message } = value
  const { oauthError, oauthErrorDescription, retryAfterSeconds } = value
  if (typeof id !== 'string' || typeof purpose !== 'string' || typeof message !== 'string') {
    return undefined
  }
  if (!isFailureCode(code)) return undefined
  return {
    id,
    purpose,
    code,
    message,
    ...(typeof oauthError === 'string' ? { oauthError } : {}),
    ...(typeof oauthErrorDescription === 'string' ? { oauthErrorDescription } : {}),
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
  }
}

function isFailureCode(code: unknown): code is EvergrantClientErrorCode {
  return code === 'SIGN_IN_FAILED' || answers.has(code as EvergrantClientErrorCode)
}
