import { formEncode } from './form-encode.ts'

const replacement = '[redacted]'

/** Shorter values are words that occur by chance; nothing that short is kept secret by leaving it out. */
const shortestSecret = 6

/** Takes secrets out of a text. */
export type Redactor = (text: string) => string

/**
 * Makes a function that removes secrets from the text of a server that may have received them. It
 * finds their exact values, as they are, percent-encoded, form-encoded, in hex, and in base64 or
 * base64url, also within something longer. For servers that echo what they got, in errors and
 * elsewhere.
 *
 * @param secrets - What was sent: tokens, codes, verifiers, client secrets. Values of fewer than six
 *   characters are ignored.
 */
export function createRedactor(secrets: Iterable<string | null | undefined>): Redactor {
  const spellings = new Set<string>()
  for (const secret of secrets) {
    if (secret === undefined || secret === null || secret.length < shortestSecret) continue
    for (const spelling of spellingsOf(secret)) spellings.add(spelling)
  }
  // The longest first: a spelling may begin with another one.
  const ordered = [...spellings].toSorted((one, other) => other.length - one.length)
  return (text) => ordered.reduce((rest, spelling) => rest.replaceAll(spelling, replacement), text)
}

/**
 * Redacts what a JSON object holds, at any depth. A member that is not a string and holds a secret is
 * replaced as a whole.
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
    // Nested more deeply than anything that is meant seriously.
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
    // As in a JSON document that is quoted in a string.
    JSON.stringify(secret).slice(1, -1),
    hex,
    hex.toUpperCase(),
    ...base64Of(bytes),
  ]
}

/** In base64 alone, and as part of something longer, where it begins at one of three bits. */
function base64Of(bytes: Uint8Array): readonly string[] {
  const binary = Array.from(bytes, (byte) => String.fromCodePoint(byte)).join('')
  const parts = [0, 1, 2].map((before) => {
    const length = before + bytes.length
    // Characters that hold bits of nothing but the secret.
    return btoa('\0'.repeat(before) + binary).slice(Math.ceil((before * 8) / 6), (length * 8) / 6)
  })
  const standard = [btoa(binary), ...parts]
  return [...standard, ...standard.map((one) => one.replaceAll('+', '-').replaceAll('/', '_'))]
}
