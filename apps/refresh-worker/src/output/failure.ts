import { EvergrantClientError } from '@evergrant/client'
import type { ExitCode } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import type { WorkerErrorCode } from '../lib/errors.ts'
import { WorkerError } from '../lib/errors.ts'

/** Why a command failed. */
export interface Failure {
  readonly exitCode: ExitCode
  readonly code: string
  readonly message: string
}

const exitCodeOf: Readonly<Record<WorkerErrorCode, ExitCode>> = {
  OPTION_INVALID: exitCodes.usage,
  FILE_UNUSABLE: exitCodes.usage,
  TABLE_MISSING: exitCodes.notPrepared,
  KEY_MISMATCH: exitCodes.notPrepared,
  STORE_UNAVAILABLE: exitCodes.failed,
  LISTEN_FAILED: exitCodes.failed,
  NOT_STOPPED: exitCodes.failed,
}

export function describeFailure(error: unknown): Failure {
  if (WorkerError.is(error)) {
    const { code, message } = error
    return { exitCode: exitCodeOf[code], code, message }
  }
  if (EvergrantClientError.is(error)) {
    const { code, message } = error
    const exitCode = code === 'INVALID_OPTION' ? exitCodes.usage : exitCodes.failed
    return { exitCode, code, message }
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return {
    exitCode: exitCodes.failed,
    code: 'UNEXPECTED',
    message: `Unexpected ${name}: ${message}. Please report it.`,
  }
}
