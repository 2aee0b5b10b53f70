import { showRemote } from '@evergrant/core'
import { AuthorizationServerError } from '../lib/errors.ts'

/** Errors about one kind of document. */
export interface DocumentErrors {
  /** The host of the document does not answer. Can be temporary. */
  unavailable(url: string, cause: unknown): AuthorizationServerError
  /** The publisher of the document must fix it. */
  invalid(url: string, why: string, cause?: unknown): AuthorizationServerError
}

/**
 * @param name - What the document is called in messages.
 * @param failureSeconds - How long a failure is remembered.
 */
export function documentErrors(name: string, failureSeconds: number): DocumentErrors {
  return {
    unavailable: (url, cause) =>
      new AuthorizationServerError(
        'CLIENT_DOCUMENT_UNAVAILABLE',
        `Cannot get the ${name} at ${showRemote(url)} at the moment: ${messageOf(cause)}. Try ` +
          `again in ${failureSeconds} seconds.`,
        { cause },
      ),
    invalid: (url, why, cause) =>
      new AuthorizationServerError(
        'CLIENT_DOCUMENT_INVALID',
        `There is no usable ${name} at ${showRemote(url)}: ${why.replace(/\.$/, '')}. The ` +
          'publisher of the client must fix it.',
        { cause },
      ),
  }
}

/** Whether an error says that a host does not answer, and that there is no copy. */
export function isDocumentUnavailable(error: unknown): boolean {
  return AuthorizationServerError.is(error) && error.code === 'CLIENT_DOCUMENT_UNAVAILABLE'
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
