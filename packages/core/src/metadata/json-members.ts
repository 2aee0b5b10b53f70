import { isScopeToken } from '../scope/scope.ts'
import { showRemote } from '../lib/remote-text.ts'
import { isSecureEndpoint, parseHttpUrl } from '../network/url.ts'

/** Receives the members that a reader left out. */
export type ReportIgnored = (member: string, why: string) => void

type Json = Readonly<Record<string, unknown>>

/** Reads an optional list of strings. Other entries are left out and reported. */
export function readStringList(
  json: Json,
  member: string,
  report: ReportIgnored,
): readonly string[] | undefined {
  const value = json[member]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) {
    report(member, `is ${showRemote(value)}, not an array`)
    return undefined
  }
  const strings = value.filter((entry) => typeof entry === 'string')
  if (strings.length < value.length) report(member, 'has entries that are not strings')
  return strings
}

/** Reads an optional list of scope tokens. Other entries are left out and reported. */
export function readScopeList(
  json: Json,
  member: string,
  report: ReportIgnored,
): readonly string[] | undefined {
  const strings = readStringList(json, member, report)
  if (strings === undefined) return undefined
  const wrong = strings.find((entry) => !isScopeToken(entry))
  if (wrong !== undefined) report(member, `has ${showRemote(wrong)}, which is not a scope token`)
  return [...new Set(strings.filter((entry) => isScopeToken(entry)))]
}

/** Reads an optional string. */
export function readString(json: Json, member: string, report: ReportIgnored): string | undefined {
  const value = json[member]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  report(member, `is ${showRemote(value)}, not a string`)
  return undefined
}

/** Reads an optional boolean. */
export function readBoolean(
  json: Json,
  member: string,
  report: ReportIgnored,
): boolean | undefined {
  const value = json[member]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'boolean') return value
  report(member, `is ${showRemote(value)}, not true or false`)
  return undefined
}

/** Reads an optional endpoint. An insecure URL is left out and reported. */
export function readEndpoint(
  json: Json,
  member: string,
  report: ReportIgnored,
): string | undefined {
  const value = readString(json, member, report)
  if (value === undefined || isSecureEndpoint(value)) return value
  report(member, `is ${showRemote(value)}, not an https URL (or http on a loopback host)`)
  return undefined
}

/** Reads an optional URL of a web page. Anything else is left out and reported. */
export function readWebPage(json: Json, member: string, report: ReportIgnored): string | undefined {
  const value = readString(json, member, report)
  if (value === undefined) return undefined
  try {
    parseHttpUrl(value, member)
    return value
  } catch {
    report(member, `is ${showRemote(value)}, not an http(s) URL`)
    return undefined
  }
}
