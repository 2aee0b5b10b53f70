/** A number of a JSON document, or `undefined`. Some servers send numbers as text. */
export function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  const isNumeric = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value.trim())
  return isNumeric ? Number(value) : undefined
}
