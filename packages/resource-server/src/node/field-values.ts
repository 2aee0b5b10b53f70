/**
 * Returns the values of all lines of a header. `headers` of Node.js contains only the first `Authorization`
 * line, and `headersDistinct` costs a copy of all headers.
 *
 * @param rawHeaders - Of `IncomingMessage`: names and values in turn.
 * @param name - In lower case.
 */
export function fieldValues(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const field = rawHeaders[index]
    const value = rawHeaders[index + 1]
    if (field?.length === name.length && field.toLowerCase() === name && value !== undefined) {
      values.push(value)
    }
  }
  return values
}
