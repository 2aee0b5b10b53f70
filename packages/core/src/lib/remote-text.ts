const longestShown = 120
const longestText = 300

/**
 * Characters that a reader does not see or that move what stands around them: controls (C0, C1),
 * bidirectional and other format marks, line separators, and what Unicode says to ignore. The two
 * variation selectors that choose between text and emoji are left out.
 */
const invisible = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\ufe0e\ufe0f]]/gv

/** The same without what ordinary text holds: line feeds, tabs, and the joiners of words and emoji. */
const invisibleInText =
  /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\ufe0e\ufe0f\n\t\u200c\u200d]]/gv

/**
 * Shows a value that somebody else sent: as JSON, so that control characters and quotes cannot
 * disguise themselves, and cut short. Never throws. Not for tokens, codes, verifiers or secrets:
 * those are never shown at all.
 *
 * @param length - Longest text that is shown before `…`, in UTF-16 code units. Default 120.
 */
export function showRemote(value: unknown, length: number = longestShown): string {
  if (value === undefined) return 'nothing'
  return cut(jsonOf(value).replaceAll(invisible, escaped), length)
}

/**
 * Makes text safe to write to a terminal or a log: every control character except line feed and
 * tab, every bidirectional or invisible mark and every line separator becomes a `\uXXXX` escape.
 * Within the strings of a JSON document such an escape means the same character, so JSON that
 * passes through here still parses to the same value.
 */
export function escapeInvisible(text: string): string {
  return text.replaceAll(invisibleInText, escaped)
}

/**
 * Text from a remote server on one line, without controls and invisible marks, cut short;
 * `undefined` if none is left.
 *
 * @param length - Longest text that is kept before `…`, in UTF-16 code units. Default 300.
 */
export function cleanRemoteText(value: unknown, length: number = longestText): string | undefined {
  if (typeof value !== 'string') return undefined
  const clean = value.replaceAll(invisible, ' ').replaceAll(/ {2,}/g, ' ').trim()
  return clean === '' ? undefined : cut(clean, length)
}

/** A JSON object, as opposed to an array, a primitive or `null`. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    // JSON.parse accepts arrays in arrays to any depth, and JSON.stringify does not.
    return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
  }
}

function escaped(mark: string): string {
  return Array.from(
    { length: mark.length },
    (_, index) => String.raw`\u${mark.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text
  // A pair of surrogates is one character.
  return `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`
}
