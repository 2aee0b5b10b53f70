/** Members that say which document it is. */
const identifying = new Set(['issuer', 'resource'])

type JsonObject = Readonly<Record<string, unknown>>

/**
 * The members of a JSON document that another one lacks or has with another value, and those that
 * identify it. All members, if the other one is no JSON object. `undefined` if the first is none.
 */
export function differentMembers(document: string, other: string): string | undefined {
  const [one, two] = [parseObject(document), parseObject(other)]
  if (one === undefined) return undefined
  const members = Object.entries(one).filter(
    ([name, value]) => identifying.has(name) || !isSame(value, two?.[name]),
  )
  return formatJson(Object.fromEntries(members))
}

/** The leaves of a value that another one lacks or has with another value. */
export function differentLeaves(value: unknown, other: unknown): unknown {
  if (!isObject(value) || !isObject(other)) return value
  const members = Object.entries(value)
    .filter(([name, member]) => !isSame(member, other[name]))
    .map(([name, member]) => [name, differentLeaves(member, other[name])])
  return Object.fromEntries(members)
}

/** JSON with lists of simple values on one line. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(
    /\[\s+((?:"[^"]*"|\d+)(?:,\s+(?:"[^"]*"|\d+))*)\s+\]/g,
    (_, items: string) => `[${items.replaceAll(/,\s+/g, ', ')}]`,
  )
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
