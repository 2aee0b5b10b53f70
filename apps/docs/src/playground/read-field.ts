import { ProtocolError } from '@evergrant/core'
import { maximumFieldLength } from './input'

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
    const place = placeOf(String(cause), text)
    throw new ProtocolError(
      'METADATA_INVALID',
      `${what} is not JSON${place}. Check commas and quotation marks.`,
      { cause },
    )
  }
}

/** Browsers name the position, or the line, or neither. */
function placeOf(message: string, text: string): string {
  const line = /line (\d+)/.exec(message)?.[1]
  if (line !== undefined) return `, from line ${line} on`
  const position = /position (\d+)/.exec(message)?.[1]
  if (position === undefined) return ''
  return `, from line ${text.slice(0, Number(position)).split('\n').length} on`
}
