/** Whether a value is a JSON object, not an array, a primitive or `null`. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of a JSON text; `undefined` if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The object of a JSON text; `undefined` for anything else. */
export function documentOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(text)
  return isRecord(value) ? value : undefined
}

/** The strings of a list; empty for anything else. */
export function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** A JSON value as text, to compare two values. The order of a list does not matter. */
export function canonicalText(value: unknown): string {
  const comparable = Array.isArray(value)
    ? value.map((one) => JSON.stringify(one) ?? '').toSorted()
    : value
  return JSON.stringify(comparable) ?? ''
}
