const token =
  /[ \t\r\n]*(?:(?<text>"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?<other>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|(?<sign>[{}[\],:]))/uy

/** What may come next: the names of the states of the grammar. */
type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'end'

/**
 * Finds the line of the first mistake in a text that is not JSON. The messages of browsers differ,
 * and some of them name no place.
 */
export function lineOfMistake(text: string): number {
  const open: ('{' | '[')[] = []
  let expected: Expected = 'value'
  let position = 0
  for (;;) {
    token.lastIndex = position
    const groups = token.exec(text)?.groups
    const next: Expected | undefined =
      groups === undefined ? undefined : step(expected, groups, open)
    if (next === undefined) break
    expected = next
    position = token.lastIndex
  }
  const start = position + (/^[ \t\r\n]*/.exec(text.slice(position))?.[0].length ?? 0)
  return text.slice(0, start).split('\n').length
}

function step(
  expected: Expected,
  { text, sign }: Readonly<Record<string, string | undefined>>,
  open: ('{' | '[')[],
): Expected | undefined {
  const wantsValue = expected === 'value' || expected === 'value-or-end'
  const afterValue = (): Expected => (open.length === 0 ? 'end' : 'comma-or-end')
  if (sign === undefined) {
    if (wantsValue) return afterValue()
    const wantsKey = expected === 'key' || expected === 'key-or-end'
    return wantsKey && text !== undefined ? 'colon' : undefined
  }
  const innermost = open.at(-1)
  switch (sign) {
    case '{':
    case '[':
      if (!wantsValue) return undefined
      open.push(sign)
      return sign === '{' ? 'key-or-end' : 'value-or-end'
    case '}':
      if (innermost !== '{' || !(expected === 'key-or-end' || expected === 'comma-or-end')) {
        return undefined
      }
      open.pop()
      return afterValue()
    case ']':
      if (innermost !== '[' || !(expected === 'value-or-end' || expected === 'comma-or-end')) {
        return undefined
      }
      open.pop()
      return afterValue()
    case ',':
      if (expected !== 'comma-or-end') return undefined
      return innermost === '{' ? 'key' : 'value'
    case ':':
      return expected === 'colon' ? 'value' : undefined
    default:
      return undefined
  }
}
