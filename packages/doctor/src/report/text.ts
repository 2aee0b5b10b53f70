import { escapeInvisible } from '@evergrant/core'
import type { Severity } from '../rules/rule.ts'
import { describeAccess } from './words.ts'
import type { Finding, Report } from './report.ts'

const marks: Readonly<Record<Severity, string>> = { error: '✗', warning: '!', note: '·' }

/** Formats a report for a terminal. No control or invisible character of a server remains. */
export function formatText(report: Report): string {
  const { counts, findings } = report
  const lines = [
    `${report.serverUrl}: ${describeAccess(report)}`,
    '',
    ...(findings.length === 0 ? ['No findings.'] : findings.flatMap(describe)),
    `${plural(counts.error, 'error')}, ${plural(counts.warning, 'warning')}, ${plural(counts.note, 'note')}`,
  ]
  return escapeInvisible(lines.join('\n'))
}

function describe(finding: Finding): readonly string[] {
  const { severity, rule, title, message, evidence, change, keyword, requirements, link } = finding
  const tags = [keyword, ...requirements].join(', ')
  return [
    `${marks[severity]} ${severity}  ${rule}: ${title} [${tags}]`,
    `    ${message}`,
    ...evidence.slice(0, 4).map(({ text }) => `    > ${text}`),
    `    ${who[finding.concerns]}: ${change}`,
    `    ${link}`,
    '',
  ]
}

const who: Readonly<Record<Finding['concerns'], string>> = {
  'mcp-server': 'MCP server',
  'authorization-server': 'Authorization server',
  client: 'Client',
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
