import { formEncode } from '@evergrant/core/registration'

const replacement = '[redacted]'

/** Shorter values occur in texts by chance. */
const shortestSecret = 6

/** Removes secrets from a text. */
export type Redactor = (text: string) => string

/**
 * Makes a function that removes secrets from the text of a server that received them. Some servers
 * echo what they received, in errors and elsewhere. The function finds the exact values,
 * percent-encoded, form-encoded, in hex, and in base64 or base64url, also within longer text.
 *
 * @param secrets - The secrets that were sent: tokens, codes, verifiers, client secrets. Values of
 *   fewer than six characters are ignored.
 */
export function createRedactor(secrets: Iterable<string | null | undefined>): Redactor {
  const found = Array.from(secrets).filter(
    (secret): secret is string => typeof secret === 'string' && secret.length >= shortestSecret,
  )
  // No spelling is shorter than its secret.
  const shortest = found.reduce((length, one) => Math.min(length, one.length), Infinity)
  let spellings: readonly string[] | undefined
  return (text) => {
    if (text.length < shortest) return text
    spellings ??= longestFirst(found)
    return spellings.reduce((rest, spelling) => rest.replaceAll(spelling, replacement), text)
  }
}

/** The longest spelling is first, because a spelling may begin with another one. */
function longestFirst(secrets: readonly string[]): readonly string[] {
  const spellings = new Set(secrets.flatMap(spellingsOf))
  return [...spellings].toSorted((one, other) => other.length - one.length)
}

/**
 * Removes secrets from a JSON object, at any depth. A member that is not a string and contains a
 * secret is replaced completely.
 *
 * @param keep - Members whose values are the secrets themselves.
 */
export function redactMembers(
  json: Readonly<Record<string, unknown>>,
  redact: Redactor,
  keep: readonly string[],
): Readonly<Record<string, unknown>> {
  const redacted = (value: unknown): unknown => {
    if (typeof value === 'string') return redact(value)
    if (typeof value !== 'object' || value === null) return value
    const text = textOf(value)
    return text !== undefined && redact(text) === text ? value : replacement
  }
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      keep.includes(name) ? value : redacted(value),
    ]),
  )
}

function textOf(value: object): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    // Nested too deeply.
    return undefined
  }
}

function spellingsOf(secret: string): readonly string[] {
  const text = secret.toWellFormed()
  const bytes = new TextEncoder().encode(text)
  const percent = encodeURIComponent(text)
  const form = formEncode(text)
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [
    secret,
    percent,
    form,
    // Some encoders write the digits in lower case.
    ...[percent, form].map((one) => one.replaceAll(/%[\dA-F]{2}/g, (byte) => byte.toLowerCase())),
    // Escaped, as in a JSON document within a string.
    JSON.stringify(secret).slice(1, -1),
    hex,
    hex.toUpperCase(),
    ...base64Of(bytes),
  ]
}

/** In base64, alone and as part of longer data, where it starts at one of three bit positions. */
function base64Of(bytes: Uint8Array): readonly string[] {
  const binary = Array.from(bytes, (byte) => String.fromCodePoint(byte)).join('')
  const parts = [0, 1, 2].map((before) => {
    const length = before + bytes.length
    // Only the characters whose bits all belong to the secret.
    return btoa('\0'.repeat(before) + binary).slice(Math.ceil((before * 8) / 6), (length * 8) / 6)
  })
  const standard = [btoa(binary), ...parts]
  return [...standard, ...standard.map((one) => one.replaceAll('+', '-').replaceAll('/', '_'))]
}
