import { escapeInvisible } from '@evergrant/core'
import type { Severity } from '../rules/rule.ts'
import type { Finding, Report } from './report.ts'
import {
  concernNames,
  describeAccess,
  describeCounts,
  describeForecast,
  describeMeasurement,
  describeVerdict,
  onOneLine,
} from './words.ts'

const marks: Readonly<Record<Severity, string>> = { error: '✗', warning: '!', note: '·' }

/**
 * Formats a report for a terminal. No control or invisible character of a server remains, and no line
 * break, so that a server cannot write lines of its own.
 */
export function formatText(report: Report): string {
  const { findings, verdicts } = report
  const lines = [
    `${report.serverUrl}: ${describeAccess(report)}`,
    '',
    ...(findings.length === 0 ? ['No findings.', ''] : findings.flatMap(describe)),
    ...section('Measured', describeMeasurement(report)),
    ...section('Forecast', describeForecast(report)),
    ...section('Clients', verdicts.map(describeVerdict)),
    describeCounts(report),
  ]
  return escapeInvisible(lines.map(onOneLine).join('\n'))
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), '']
}

function describe(finding: Finding): readonly string[] {
  const { severity, rule, title, message, evidence, change, keyword, requirements, link } = finding
  const tags = [keyword, ...requirements].join(', ')
  return [
    `${marks[severity]} ${severity}  ${rule}: ${title} [${tags}]`,
    `    ${message}`,
    ...evidence.slice(0, 4).map(({ text }) => `    > ${text}`),
    `    ${concernNames[finding.concerns]}: ${change}`,
    `    ${link}`,
    '',
  ]
}
