const maximumShownLength = 120
const maximumTextLength = 300

/**
 * Characters that are invisible or that move the text around them: controls (C0, C1),
 * bidirectional and other format characters, line separators, and Unicode's default-ignorable
 * characters. Exceptions: the two variation selectors that choose between text and emoji.
 */
const invisible = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\ufe0e\ufe0f]]/gv

/** The same, except line feeds, tabs, and the joiners that ordinary text and emoji contain. */
const invisibleInText =
  /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\ufe0e\ufe0f\n\t\u200c\u200d]]/gv

/**
 * Formats a remote value for an error message: as JSON, so that control characters and quotes are
 * visible, and truncated. Never throws. Do not use it for tokens, codes, verifiers or secrets, which
 * must not be shown.
 *
 * @param length - Maximum length before `…`, in UTF-16 code units. Default 120.
 */
export function showRemote(value: unknown, length: number = maximumShownLength): string {
  if (value === undefined) return 'nothing'
  return cut(jsonOf(value).replaceAll(invisible, escaped), length)
}

/**
 * Makes text safe for a terminal or a log. Control characters except line feed and tab, bidirectional
 * and invisible characters, and line separators become `\uXXXX` escapes. In the strings of a JSON
 * document, such an escape represents the same character, so the JSON still parses to the same value.
 */
export function escapeInvisible(text: string): string {
  return text.replaceAll(invisibleInText, escaped)
}

/**
 * Puts text of a remote server on one line, without control and invisible characters, truncated.
 * Returns `undefined` if nothing is left.
 *
 * @param length - Maximum length before `…`, in UTF-16 code units. Default 300.
 */
export function cleanRemoteText(
  value: unknown,
  length: number = maximumTextLength,
): string | undefined {
  if (typeof value !== 'string') return undefined
  const clean = value.replaceAll(invisible, ' ').replaceAll(/ {2,}/g, ' ').trim()
  return clean === '' ? undefined : cut(clean, length)
}

/** Whether a value is a JSON object, not an array, a primitive or `null`. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object of a JSON text, or `undefined` for any other text. */
export function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    // JSON.parse accepts arrays nested to any depth, JSON.stringify does not.
    return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
  }
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => String.raw`\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text
  // Do not split a surrogate pair.
  return `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`
}

/** The type of a JSON body. Its value is not shown, because it may contain a secret. */
export function kindOfBody(body: unknown): string {
  if (body === undefined) return 'not JSON'
  if (body === null) return 'null'
  return Array.isArray(body) ? 'an array' : `a ${typeof body}`
}
