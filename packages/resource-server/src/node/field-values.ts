import type { IncomingMessage } from 'node:http'

/** The headers of a request, of `node:http` or of a platform that imitates it. */
export type HeaderSource = Pick<IncomingMessage, 'headers'> & {
  readonly rawHeaders?: readonly string[]
}

/**
 * Returns the header lines: names and values in turn. Adapters for serverless platforms often leave
 * `rawHeaders` empty, and their `headers` contains what the platform received.
 */
export function headerLinesOf(source: HeaderSource): readonly string[] {
  const { rawHeaders } = source
  if (rawHeaders !== undefined && rawHeaders.length > 0) return rawHeaders
  // Read only here: in Node.js, it is computed when it is read.
  return Object.entries(source.headers).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((line) => [name, line]),
  )
}

/**
 * Returns the values of all lines of a header: one as text, several as an array. `headers` of Node.js contains
 * only the first `Authorization` line, and `headersDistinct` costs a copy of all headers.
 *
 * @param lines - From {@link headerLinesOf}.
 * @param name - In lower case, letters only.
 */
export function fieldValues(
  lines: readonly string[],
  name: string,
): string | readonly string[] | undefined {
  let first: string | undefined
  for (let index = 0; index + 1 < lines.length; index += 2) {
    if (isField(lines[index], name)) {
      const value = lines[index + 1]
      if (first !== undefined) return allValues(lines, name)
      first = value
    }
  }
  return first
}

function allValues(lines: readonly string[], name: string): readonly string[] {
  return lines.filter((_, index) => index % 2 === 1 && isField(lines[index - 1], name))
}

/** Without `toLowerCase`, which makes another text and costs more than the rest of the search. */
function isField(field: string | undefined, name: string): boolean {
  if (field?.length !== name.length) return false
  for (let index = 0; index < name.length; index += 1) {
    // In ASCII, this bit is all that differs between the cases of a letter. It makes nothing else a letter.
    if ((field.charCodeAt(index) | 0x20) !== name.charCodeAt(index)) return false
  }
  return true
}
