import { ProtocolError } from '@evergrant/core'
import { maximumFieldLength } from './input'
import { lineOfMistake } from './json-mistake'

/** Says that the text of a field is too long; `undefined` if it is not. */
export function tooLong(text: string): string | undefined {
  if (text.length <= maximumFieldLength) return undefined
  return `The text has ${text.length.toLocaleString('en')} characters (at most ${maximumFieldLength.toLocaleString('en')}). Shorten it.`
}

/**
 * Reads a JSON text.
 *
 * @throws {ProtocolError} `METADATA_INVALID`, with the place of the mistake and without the text.
 */
export function readJson(text: string, what: string): unknown {
  if (text.trim() === '') {
    throw new ProtocolError(
      'METADATA_INVALID',
      `${what} is empty (expected a JSON object). Paste it.`,
    )
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ProtocolError(
      'METADATA_INVALID',
      `${what} is not JSON from line ${lineOfMistake(text)} on. Check commas and quotation marks.`,
      { cause },
    )
  }
}
