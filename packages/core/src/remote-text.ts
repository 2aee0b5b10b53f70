const longest = 120

/**
 * Shows a value that somebody else sent: as JSON, so that control characters and quotes cannot
 * disguise themselves, and cut short. Not for tokens, codes, verifiers or secrets: those are
 * never shown at all.
 */
export function showRemote(value: unknown): string {
  if (value === undefined) return 'nothing'
  const json = JSON.stringify(value) ?? typeof value
  // JSON leaves these as they are: C1 controls, marks that reorder or hide text, line separators.
  const text = json.replaceAll(
    /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu,
    (mark) => `\\u${(mark.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** Text from a remote server without control characters, cut short; `undefined` if none is left. */
export function cleanRemoteText(value: unknown, length = 300): string | undefined {
  if (typeof value !== 'string') return undefined
  // Controls, and the marks that reorder or hide text in a terminal or a page.
  const clean = value.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  if (clean === '') return undefined
  return clean.length > length ? `${clean.slice(0, length)}…` : clean
}

/** A JSON object, as opposed to an array, a primitive or `null`. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
