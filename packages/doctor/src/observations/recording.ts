import { DoctorError } from '../lib/errors.ts'
import { isRecord, parseJson } from '../lib/json.ts'
import { limits } from './limits.ts'
import type { Exchange, Observations } from './observations.ts'
import { isMeasurement } from './parse-measurement.ts'
import { removeSecrets } from './remove-secrets.ts'
import { commandName } from '../lib/names.ts'

/** Formats observations as a recording, which {@link parseRecording} reads. It contains no secret. */
export function formatRecording(observations: Observations): string {
  return `${JSON.stringify(removeSecrets(observations), undefined, 2)}\n`
}

/**
 * Reads a recording.
 *
 * @throws {DoctorError} `RECORDING_INVALID`
 */
export function parseRecording(text: string): Observations {
  const value = parseJson(text)
  if (!isRecord(value)) throw invalid('it is not a JSON object')
  const {
    version,
    serverUrl,
    observedAtEpochSeconds,
    pageOrigin,
    exchanges,
    certificates,
    measurement,
  } = value
  if (version !== 1) throw invalid(`its version is ${JSON.stringify(version)} (expected 1)`)
  if (typeof serverUrl !== 'string' || !isHttpUrl(serverUrl))
    throw invalid('serverUrl is not a URL')
  if (!isTime(observedAtEpochSeconds)) throw invalid('observedAtEpochSeconds is not a time')
  if (!Array.isArray(exchanges)) throw invalid('exchanges is not a list')
  const kept = exchanges.slice(0, limits.exchanges)
  const wrong = kept.findIndex((exchange) => !isExchange(exchange))
  if (wrong !== -1) throw invalid(`exchange ${wrong} lacks a member`)
  if (measurement !== undefined && !isMeasurement(measurement))
    throw invalid('a member of measurement is missing or has another type')
  return removeSecrets({
    version: 1,
    serverUrl,
    ...(typeof value['chosenIssuer'] === 'string' ? { chosenIssuer: value['chosenIssuer'] } : {}),
    observedAtEpochSeconds,
    pageOrigin: typeof pageOrigin === 'string' ? pageOrigin : '',
    exchanges: kept as readonly Exchange[],
    certificates: Array.isArray(certificates) ? certificates.filter(isCertificate) : [],
    ...(measurement === undefined ? {} : { measurement }),
  })
}

function invalid(why: string): DoctorError {
  return new DoctorError(
    'RECORDING_INVALID',
    `The recording cannot be used: ${why}. Make a recording with ${commandName} --record.`,
  )
}

/** Epoch seconds that a date can hold. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 100_000_000_000
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

function isExchange(value: unknown): value is Exchange {
  if (!isRecord(value)) return false
  const { answer, failure } = value
  return (
    typeof value['purpose'] === 'string' &&
    typeof value['method'] === 'string' &&
    typeof value['url'] === 'string' &&
    isHttpUrl(value['url']) &&
    isStrings(value['requestHeaders']) &&
    typeof value['startMilliseconds'] === 'number' &&
    typeof value['durationMilliseconds'] === 'number' &&
    isOptionalText(value['place']) &&
    isOptionalText(value['issuer']) &&
    isOptionalText(value['note']) &&
    (answer === undefined ? isFailure(failure) : isAnswer(answer))
  )
}

function isAnswer(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { status } = value
  return (
    typeof status === 'number' &&
    Number.isInteger(status) &&
    status >= 200 &&
    status <= 599 &&
    isStrings(value['headers']) &&
    typeof value['body'] === 'string' &&
    typeof value['isTruncated'] === 'boolean'
  )
}

function isFailure(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['reason'] === 'string' &&
    typeof value['message'] === 'string' &&
    isOptionalText(value['code'])
  )
}

function isStrings(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((one) => typeof one === 'string')
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function isCertificate(value: unknown): value is Observations['certificates'][number] {
  return (
    isRecord(value) &&
    typeof value['host'] === 'string' &&
    typeof value['protocol'] === 'string' &&
    isTime(value['validUntilEpochSeconds']) &&
    (value['validFromEpochSeconds'] === undefined || isTime(value['validFromEpochSeconds']))
  )
}
