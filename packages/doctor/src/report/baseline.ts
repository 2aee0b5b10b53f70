import { DoctorError } from '../lib/errors.ts'
import { isRecord, parseJson } from '../lib/json.ts'
import type { Finding, Report } from './report.ts'
import { commandName } from '../lib/names.ts'

/** What changed between two reports. */
export interface BaselineComparison {
  /** Findings that the baseline does not have. */
  readonly added: readonly Finding[]
  /** Findings of the baseline that are fixed. */
  readonly fixed: readonly Pick<Finding, 'rule' | 'title' | 'concerns'>[]
  readonly unchanged: number
}

/** Compares a report with an earlier one. A finding is the same if its rule and its place are. */
export function compareReports(report: Report, baseline: Report): BaselineComparison {
  const added = without(report.findings, baseline.findings)
  return {
    added,
    fixed: without(baseline.findings, report.findings).map(({ rule, title, concerns }) => ({
      rule,
      title,
      concerns,
    })),
    unchanged: report.findings.length - added.length,
  }
}

/** The findings that are not in the others. A rule can be broken several times at one place. */
function without(findings: readonly Finding[], others: readonly Finding[]): readonly Finding[] {
  const counts = new Map<string, number>()
  for (const identity of others.map(identityOf))
    counts.set(identity, (counts.get(identity) ?? 0) + 1)
  return findings.filter((finding) => {
    const identity = identityOf(finding)
    const left = counts.get(identity) ?? 0
    counts.set(identity, left - 1)
    return left <= 0
  })
}

function identityOf({ rule, evidence, concerns }: Finding): string {
  return `${rule} ${concerns} ${evidence[0]?.url ?? ''}`
}

/**
 * Reads a report that was saved as JSON.
 *
 * @throws {DoctorError} `BASELINE_INVALID`
 */
export function parseReport(text: string): Report {
  const value = parseJson(text)
  if (
    isRecord(value) &&
    value['version'] === 1 &&
    typeof value['serverUrl'] === 'string' &&
    Array.isArray(value['findings']) &&
    value['findings'].every(isFinding)
  ) {
    // The members above are all that a comparison uses.
    return value as unknown as Report
  }
  throw new DoctorError(
    'BASELINE_INVALID',
    `The baseline cannot be used: it is not a report of this version. Save one with ${commandName} --json.`,
  )
}

function isFinding(value: unknown): value is Finding {
  return (
    isRecord(value) &&
    typeof value['rule'] === 'string' &&
    typeof value['title'] === 'string' &&
    typeof value['concerns'] === 'string' &&
    Array.isArray(value['evidence']) &&
    value['evidence'].every((one) => isRecord(one) && typeof one['url'] === 'string')
  )
}
