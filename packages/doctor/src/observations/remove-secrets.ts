import { isRecord, parseJson } from '../lib/json.ts'
import type { Measurement } from './measurement.ts'
import type { Exchange, Observations } from './observations.ts'

/** Members of documents, and parameters of URLs, whose values are secret. */
const secretName =
  /^(?:.*(?:secret|password|passwd|api_?key|assertion|credential|private).*|(?:.*_)?token|(?:.*_)?tokens|authorization|cookie|session_?id|sid|sig|signature|jwt|key|code|code_verifier|state|nonce|ticket)$/i

/** The members of a JWK that must stay secret (RFC 7518 §6). */
export const privateKeyMembers: readonly string[] = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

const jwt = /\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*){0,3}/g
const bearer =
  /\b(Bearer|Basic|DPoP)\s+(?!error=|realm=|scope=|resource_metadata=)[\w.~+/-]{16,}=*(?=[\s"',;<]|$)/gi
const parameter = /([?&#;]|\b)([\w.-]{1,60})=([^\s&#"'<>;,]{6,})/g

/** What replaces a secret. */
const removed = 'removed'

/**
 * Removes secrets from observations: values of the query of the MCP server's URL, tokens, passwords,
 * private keys and what looks like them, wherever they occur. The same value is replaced by the same
 * text, so that URLs still match each other.
 */
export function removeSecrets(observations: Observations): Observations {
  const ofUrl = secretsOfUrl(observations.serverUrl)
  const clean = (text: string): string => withoutSecrets(text, ofUrl)
  return {
    ...observations,
    serverUrl: clean(observations.serverUrl),
    exchanges: observations.exchanges.map((exchange) => cleanExchange(exchange, clean)),
    ...(observations.measurement === undefined
      ? {}
      : { measurement: cleanValue(observations.measurement, clean, 0) as Measurement }),
  }
}

/** Long values of a query: a short one, such as a version, is no secret. */
function secretsOfUrl(serverUrl: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  if (!URL.canParse(serverUrl)) return found
  for (const value of new URL(serverUrl).searchParams.values()) {
    if (value.length < 8) continue
    const name = `${removed}-${found.size + 1}`
    for (const form of [
      value,
      encodeURIComponent(value),
      new URLSearchParams({ value }).toString().slice(6),
    ]) {
      found.set(form, name)
    }
  }
  return found
}

function withoutSecrets(text: string, ofUrl: ReadonlyMap<string, string>): string {
  let clean = text
  for (const [secret, name] of ofUrl) clean = clean.replaceAll(secret, name)
  return clean
    .replaceAll(jwt, removed)
    .replaceAll(bearer, `$1 ${removed}`)
    .replaceAll(parameter, (whole, before: string, name: string, value: string) =>
      secretName.test(name) && !value.startsWith(removed) && !isPublicValue(name, value)
        ? `${before}${name}=${removed}`
        : whole,
    )
}

/** `invalid_token` is the value of `error`; parameters that name a method are no secrets. */
function isPublicValue(name: string, value: string): boolean {
  return name.toLowerCase() === 'error' || /^"?invalid_/.test(value)
}

function cleanExchange(exchange: Exchange, clean: (text: string) => string): Exchange {
  const { answer, failure } = exchange
  return {
    ...exchange,
    url: clean(exchange.url),
    requestHeaders: cleanHeaders(exchange.requestHeaders, clean),
    ...(answer === undefined
      ? {}
      : {
          answer: {
            ...answer,
            headers: cleanHeaders(answer.headers, clean),
            body: cleanBody(answer.body, clean),
          },
        }),
    ...(failure === undefined ? {} : { failure: { ...failure, message: clean(failure.message) } }),
  }
}

function cleanHeaders(
  headers: Readonly<Record<string, string>>,
  clean: (text: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, clean(value)]))
}

function cleanBody(body: string, clean: (text: string) => string): string {
  const value = parseJson(body)
  if (typeof value !== 'object' || value === null) return clean(body)
  const cleaned = cleanValue(value, clean, 0)
  // Formatting is kept where nothing was removed.
  return JSON.stringify(cleaned) === JSON.stringify(value) ? body : JSON.stringify(cleaned)
}

const deepest = 24

function cleanValue(value: unknown, clean: (text: string) => string, depth: number): unknown {
  if (typeof value === 'string') return clean(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= deepest) return removed
  if (Array.isArray(value)) return value.map((one) => cleanValue(one, clean, depth + 1))
  const isKey = isRecord(value) && value['kty'] !== undefined
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      const isSecret =
        (isKey && privateKeyMembers.includes(name)) ||
        (typeof one === 'string' && secretName.test(name) && !/^https?:/i.test(one))
      return [clean(name), isSecret ? removed : cleanValue(one, clean, depth + 1)]
    }),
  )
}
