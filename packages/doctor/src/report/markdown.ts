import { escapeInvisible } from '@evergrant/core'
import type { Finding, Report } from './report.ts'
import {
  concernNames,
  describeAccess,
  describeCounts,
  describeForecast,
  describeMeasurement,
  onOneLine,
  outlooks,
  plainText,
} from './words.ts'
import { displayName } from '../lib/names.ts'

/** Formats a report as Markdown, for the summary of a build or an issue. */
export function formatMarkdown(report: Report): string {
  const { findings, verdicts, serverUrl } = report
  const forecast = describeForecast(report)
  const measured = describeMeasurement(report)
  const lines = [
    `## ${displayName}: ${code(serverUrl)}`,
    '',
    `${describeCounts(report)}. ${escaped(capitalized(describeAccess(report)))}`,
    '',
    ...(findings.length === 0 ? [] : findingsTable(findings)),
    ...findings.flatMap(describe),
    ...(measured.length === 0
      ? []
      : ['### Measured', '', '```text', ...measured.map(withoutFence), '```', '']),
    ...(forecast.length === 0
      ? []
      : ['### Forecast', '', '```text', ...forecast.map(withoutFence), '```', '']),
    ...(verdicts.length === 0
      ? []
      : [
          '### Clients',
          '',
          '| Client | Sign-in | Refresh token | When tokens expire |',
          '| --- | --- | --- | --- |',
          ...verdicts.map(
            ({ client, version, signIn, because, refreshToken, expiry }) =>
              `| ${client} ${version} | ${signIn}${because === undefined ? '' : ` (${because})`} | ${outlooks[refreshToken] ?? ''} | ${expiry} |`,
          ),
          '',
        ]),
  ]
  return escapeInvisible(`${lines.join('\n').trimEnd()}\n`)
}

function findingsTable(findings: readonly Finding[]): readonly string[] {
  return [
    '| | Rule | For | |',
    '| --- | --- | --- | --- |',
    ...findings.map(
      ({ severity, rule, concerns, message }) =>
        `| ${severity} | ${code(rule)} | ${concernNames[concerns]} | ${cell(message)} |`,
    ),
    '',
  ]
}

function describe(finding: Finding): readonly string[] {
  const { title, rule, message, evidence, change, keyword, requirements, link, sentence } = finding
  return [
    `<details><summary>${escaped(rule)}: ${escaped(title)}</summary>`,
    '',
    escaped(message),
    '',
    ...evidence.map(({ text }) => `- ${code(text)}`),
    '',
    `**Change:** ${escaped(change)}`,
    '',
    `${keyword}${requirements.length === 0 ? '' : `, ${requirements.join(', ')}`}: [source](${link})${sentence === undefined ? '' : `. “${escaped(plainText(sentence))}”`}`,
    '',
    '</details>',
    '',
  ]
}

/** Text in a code span. No run of backticks of a server can end it. */
function code(text: string): string {
  const clean = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return longest === 0 ? `${fence}${clean}${fence}` : `${fence} ${clean} ${fence}`
}

/** Text of a server as text: no markup, no link, no mention. */
function escaped(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]!|~#]/g, String.raw`\$&`)
    .replaceAll('@', '@<!-- -->')
    .replaceAll(/:\/\/|\bwww\./gi, '$&<!-- -->')
}

function cell(text: string): string {
  return escaped(text)
}

function withoutFence(text: string): string {
  return onOneLine(text).replaceAll('```', "'''")
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
