/**
 * Returns the values of all lines of a header: one as text, several as an array. `headers` of Node.js contains
 * only the first `Authorization` line, and `headersDistinct` costs a copy of all headers.
 *
 * @param rawHeaders - Of `IncomingMessage`: names and values in turn.
 * @param name - In lower case.
 */
export function fieldValues(
  rawHeaders: readonly string[],
  name: string,
): string | readonly string[] | undefined {
  let first: string | undefined
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (isField(rawHeaders[index], name)) {
      const value = rawHeaders[index + 1]
      if (first !== undefined) return allValues(rawHeaders, name)
      first = value
    }
  }
  return first
}

function allValues(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && isField(rawHeaders[index - 1], name))
}

function isField(field: string | undefined, name: string): boolean {
  return field?.length === name.length && field.toLowerCase() === name
}
