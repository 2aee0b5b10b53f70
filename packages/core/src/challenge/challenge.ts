import { ProtocolError } from '../lib/errors.ts'
import { showRemote } from '../lib/remote-text.ts'

/**
 * One authentication challenge. A challenge has parameters, or one `token68`, or neither.
 *
 * @see RFC 9110 §11.3
 */
export interface Challenge {
  /** The scheme as received. Compare schemes case-insensitively. */
  readonly scheme: string
  /** Names in lower case, in order. If a name occurs twice, the first value counts. */
  readonly parameters: ReadonlyMap<string, string>
  readonly token68: string | undefined
}

const tokenPattern = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const token68Pattern = /[0-9A-Za-z._~+/-]+=*(?=[ \t]*(?:,|$))/y
const spacePattern = /[ \t]*/y
const separatorPattern = /[ \t,]*/y
const equalsPattern = /[ \t]*=[ \t]*/y
const quotedPattern = /"((?:[^"\\]|\\[\s\S])*)"/y
// Outside the grammar, but common: a URL without quotes.
const barePattern = /[^\s,"]+/y
// Up to the next comma outside a quoted string. An unterminated string extends to the end.
const garbagePattern = /(?:"(?:[^"\\]|\\[\s\S])*(?:"|\\?$)|[^,"])*/y
const anythingPattern = /[^ \t,]/y
// Some servers forget the comma between two parameters.
const parameterAheadPattern = /[ \t]+[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=/y

/**
 * Limits for reading a header: more than HTTP servers and clients accept, and small enough that no
 * pattern here runs for long. The rest is ignored.
 */
const maximumValueLength = 16_384
const maximumValues = 64

/**
 * Parses the challenges of `WWW-Authenticate`: several in one value, several values, or both. Never
 * throws. Invalid text is skipped up to the next comma, so that it does not hide a challenge. Reads
 * the first 16,384 characters of a value, and the first 64 values.
 *
 * @param header - The value of the header, or its values if it occurs several times.
 * @see RFC 9110 §11.6.1
 */
export function parseChallenges(
  header: string | readonly string[] | null | undefined,
): readonly Challenge[] {
  if (header === null || header === undefined) return []
  const values = typeof header === 'string' ? [header] : header
  return values
    .slice(0, maximumValues)
    .flatMap((value) => parseHeaderValue(value.slice(0, maximumValueLength)))
}

function parseHeaderValue(text: string): readonly Challenge[] {
  const scan = scanner(text)
  const challenges: Challenge[] = []
  scan.skip(separatorPattern)
  while (!scan.done()) {
    const scheme = scan.take(tokenPattern)
    if (scheme === undefined || scan.sees(equalsPattern) || scan.sees(anythingPattern)) {
      scan.skip(garbagePattern)
    } else {
      scan.skip(spacePattern)
      const token68 = scan.take(token68Pattern)
      const parameters = token68 === undefined ? parseParameters(scan) : new Map<string, string>()
      challenges.push({ scheme, parameters, token68 })
      scan.skip(garbagePattern)
    }
    scan.skip(separatorPattern)
  }
  return challenges
}

type Scanner = ReturnType<typeof scanner>

function parseParameters(scan: Scanner): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (;;) {
    const start = scan.position()
    scan.skip(separatorPattern)
    const name = scan.take(tokenPattern)
    if (name === undefined) {
      if (scan.done()) return parameters
      // Invalid text between two parameters must not end their challenge.
      scan.skip(garbagePattern)
      continue
    }
    if (scan.take(equalsPattern) === undefined) {
      // A token without "=" after it is the scheme of the next challenge, or invalid.
      scan.moveTo(start)
      return parameters
    }
    const value = scan.takeQuoted() ?? scan.take(barePattern)
    const key = name.toLowerCase()
    if (value !== undefined && !parameters.has(key)) parameters.set(key, value)
    // Text between the value and the next comma is invalid.
    if (!scan.sees(parameterAheadPattern)) scan.skip(garbagePattern)
  }
}

function scanner(text: string) {
  let at = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  const take = (pattern: RegExp): string | undefined => {
    const found = match(pattern)
    if (found === null || found[0] === '') return undefined
    at += found[0].length
    return found[0]
  }
  return {
    done: () => at >= text.length,
    position: () => at,
    moveTo(position: number): void {
      at = position
    },
    sees: (pattern: RegExp) => match(pattern) !== null,
    skip(pattern: RegExp): void {
      take(pattern)
    },
    take,
    takeQuoted(): string | undefined {
      const found = match(quotedPattern)
      if (found === null) return undefined
      at += found[0].length
      return (found[1] ?? '').replaceAll(/\\([\s\S])/g, '$1')
    },
  }
}

const wholeToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const wholeToken68 = /^[0-9A-Za-z._~+/-]+=*$/
// HTAB, SP, VCHAR, and obs-text up to one byte.
const quotable = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Formats a challenge as a `WWW-Authenticate` value, with every parameter as a quoted string.
 * {@link parseChallenges} reads the result back.
 *
 * @throws {ProtocolError} `CHALLENGE_INVALID` if a header cannot contain the scheme, name or value.
 */
export function formatChallenge(challenge: Pick<Challenge, 'scheme'> & Partial<Challenge>): string {
  const { scheme, token68 } = challenge
  const parameters = [...(challenge.parameters ?? [])]
  if (!wholeToken.test(scheme)) throw cannotFormat('the scheme', scheme)
  if (token68 !== undefined) {
    if (!wholeToken68.test(token68) || parameters.length > 0) throw cannotFormat('token68', token68)
    return `${scheme} ${token68}`
  }
  const written = parameters.map(([name, value]) => {
    if (!wholeToken.test(name)) throw cannotFormat('the parameter name', name)
    if (!quotable.test(value)) throw cannotFormat(`the value of ${name}`, value)
    return `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`
  })
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`
}

function cannotFormat(what: string, value: string): ProtocolError {
  return new ProtocolError(
    'CHALLENGE_INVALID',
    `The challenge cannot be formatted: ${what} is ${showRemote(value)}, which RFC 9110 §11 does ` +
      'not allow. Use visible ASCII characters.',
  )
}
