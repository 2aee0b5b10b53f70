const replacement = '[redacted]'

/** Shorter values are words that occur by chance; nothing that short is kept secret by leaving it out. */
const shortestSecret = 6

/**
 * Removes secrets from a text of somebody who may have received them: their exact values, as they
 * are, percent-encoded, form-encoded, and in base64 or base64url. For servers that echo what they got,
 * in errors and elsewhere.
 *
 * @param secrets - What was sent: tokens, codes, verifiers, client secrets. Values of fewer than six
 *   characters are ignored.
 */
export function redactSecrets(text: string, secrets: Iterable<string | undefined>): string {
  const spellings = new Set<string>()
  for (const secret of secrets) {
    if (secret === undefined || secret.length < shortestSecret) continue
    for (const spelling of spellingsOf(secret)) spellings.add(spelling)
  }
  // The longest first: a spelling may begin with another one.
  const ordered = [...spellings].toSorted((one, other) => other.length - one.length)
  return ordered.reduce((rest, spelling) => rest.replaceAll(spelling, replacement), text)
}

/**
 * The same for what a JSON object holds, at any depth. A member that is not a string and holds a
 * secret is replaced as a whole.
 *
 * @param keep - Members whose values are the secrets themselves.
 */
export function redactMembers(
  json: Readonly<Record<string, unknown>>,
  secrets: readonly (string | undefined)[],
  keep: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  const redact = (value: unknown): unknown => {
    if (typeof value === 'string') return redactSecrets(value, secrets)
    if (typeof value !== 'object' || value === null) return value
    const text = textOf(value)
    return text !== undefined && redactSecrets(text, secrets) === text ? value : replacement
  }
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      keep.includes(name) ? value : redact(value),
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
  const percent = encodeURIComponent(secret.toWellFormed())
  const form = new URLSearchParams({ '': secret }).toString().slice('='.length)
  const base64 = base64Of(secret)
  return [
    secret,
    percent,
    form,
    // Some encoders write the digits in lower case.
    ...[percent, form].map((text) => text.replaceAll(/%[\dA-F]{2}/g, (byte) => byte.toLowerCase())),
    base64,
    base64.replaceAll('=', ''),
    base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
    // As in a JSON document that is quoted in a string.
    JSON.stringify(secret).slice(1, -1),
  ]
}

function base64Of(text: string): string {
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCodePoint(byte))
  return btoa(bytes.join(''))
}
