import type { SignInReason } from '../lib/errors.ts'
import { EvergrantClientError } from '../lib/errors.ts'

/** The MCP server no longer matches what the user signed in for (C-42). */
export interface BindingChange {
  readonly reason: Extract<SignInReason, 'authorization-server-changed' | 'resource-changed'>
  /** In plain words. */
  readonly detail: string
}

/**
 * Compares the stored binding with the metadata of the MCP server.
 *
 * @param resourceMetadataUrl - `resource_metadata` of the challenge, if there is one.
 */
export type CheckBinding = (resourceMetadataUrl?: string) => Promise<BindingChange | undefined>

/**
 * Whether an error may follow from a move of the MCP server: its former authorization server may
 * refuse, or not exist any longer.
 */
export function mayFollowFromMove(error: unknown): error is EvergrantClientError {
  if (!EvergrantClientError.is(error)) return false
  const { code, signInReason } = error
  return (
    code === 'TOKEN_REQUEST_REFUSED' ||
    code === 'TEMPORARILY_UNAVAILABLE' ||
    signInReason === 'refresh-refused' ||
    signInReason === 'registration-ended' ||
    signInReason === 'grant-ended'
  )
}

/** The error for a caller whose grant belongs to another place than the MCP server names now. */
export function signInElsewhere(
  change: BindingChange,
  cause?: EvergrantClientError,
): EvergrantClientError {
  return new EvergrantClientError('SIGN_IN_REQUIRED', `The user must sign in: ${change.detail}.`, {
    signInReason: change.reason,
    cause,
  })
}
