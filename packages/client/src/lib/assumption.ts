import { EvergrantClientError, withNote } from './errors.ts'
import { isObject } from './is-object.ts'

/**
 * Something that no server declared and that the client relies on, or a document that it did not
 * use. Assumptions are stored with the sign-in, so that a later error can be traced to them.
 */
export interface Assumption {
  readonly code: AssumptionCode
  /** In plain words, without a secret. Names the URL or member that the assumption replaces. */
  readonly message: string
}

/** The kind of an assumption. Codes are stable: a new code is a minor change. */
export type AssumptionCode =
  /** No metadata was found, so the endpoints of the 2025-03-26 revision are used (C-44). */
  | 'endpoints-guessed'
  /** Two spellings of an issuer differ only by the slash of an empty path, and count as the same. */
  | 'issuer-slash-ignored'
  /** The metadata names another issuer, which the option `trustedIssuer` accepts. */
  | 'issuer-trusted'
  /** A metadata document could not be used, and another location was tried. */
  | 'metadata-skipped'
  /** The authorization server does not declare PKCE with S256, and the client uses it. */
  | 'pkce-s256-assumed'
  /** The parameter `resource` is not sent, because this product refuses it. */
  | 'resource-omitted'

const codes: Readonly<Record<AssumptionCode, true>> = {
  'endpoints-guessed': true,
  'issuer-slash-ignored': true,
  'issuer-trusted': true,
  'metadata-skipped': true,
  'pkce-s256-assumed': true,
  'resource-omitted': true,
}

/** Reads stored assumptions. Unknown codes, perhaps of a later version, are left out. */
export function readAssumptions(value: unknown): readonly Assumption[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((entry: unknown) => {
    if (!isObject(entry)) return []
    const { code, message } = entry
    return typeof code === 'string' && isCode(code) && typeof message === 'string'
      ? [{ code, message }]
      : []
  })
}

function isCode(code: string): code is AssumptionCode {
  return Object.hasOwn(codes, code)
}

/**
 * Adds to an error that the endpoints were guessed: every later error may follow from that (C-44).
 * Any other value, and an error that says so already, is returned unchanged.
 */
export function namingGuesses(error: unknown, assumptions: readonly Assumption[] = []): unknown {
  const guess = assumptions.find(({ code }) => code === 'endpoints-guessed')
  if (guess === undefined || !EvergrantClientError.is(error)) return error
  return error.message.includes(guess.message) ? error : withNote(error, guess.message)
}
