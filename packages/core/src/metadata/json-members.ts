import { isScopeToken } from '../scope/scope.ts'
import { showRemote } from '../lib/remote-text.ts'
import { isSecureEndpoint, parseHttpUrl } from '../network/url.ts'

/** Where a reader of optional members puts what it left out. */
export type ReportIgnored = (member: string, why: string) => void

type Json = Readonly<Record<string, unknown>>

/** An optional list of strings; what is something else is left out and reported. */
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

/** An optional list of scope tokens; what is none is left out and reported. */
export function readScopeList(
  json: Json,
  member: string,
  report: ReportIgnored,
): readonly string[] | undefined {
  const strings = readStringList(json, member, report)
  if (strings === undefined) return undefined
  const wrong = strings.find((entry) => !isScopeToken(entry))
  if (wrong !== undefined) report(member, `has ${showRemote(wrong)}, which is no scope token`)
  return [...new Set(strings.filter((entry) => isScopeToken(entry)))]
}

/** An optional string. */
export function readString(json: Json, member: string, report: ReportIgnored): string | undefined {
  const value = json[member]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  report(member, `is ${showRemote(value)}, not a string`)
  return undefined
}

/** An optional boolean. */
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

/** An optional endpoint; one that may not be used is left out and reported. */
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

/** An optional URL for people to open; anything else is left out and reported. */
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
