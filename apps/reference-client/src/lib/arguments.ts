import { InvalidArgumentError } from 'commander'

/** Reads a whole number of at least `minimum`, for commander. */
export function wholeNumber(minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d{1,9}$/.test(text) && value >= minimum) return value
    throw new InvalidArgumentError(`Expected a whole number of at least ${minimum}.`)
  }
}

/** Reads a prompt's arguments, for commander. Their values are texts (MCP, Prompts). */
export function jsonTexts(text: string): Readonly<Record<string, string>> {
  const value = jsonObject(text)
  for (const [name, one] of Object.entries(value)) {
    if (typeof one !== 'string') {
      throw new InvalidArgumentError(`Expected a text for ${JSON.stringify(name)}.`)
    }
  }
  return value as Readonly<Record<string, string>>
}

/** Reads a tool's arguments, for commander. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new InvalidArgumentError('Expected a JSON object, such as \'{"text":"hello"}\'.')
}
