import { showRemote } from '@evergrant/core'
import { site } from '../lib/site.ts'
import { rules } from '../rules/all-rules.ts'
import { severityOf } from '../rules/rule.ts'
import type { Finding, Report } from './report.ts'
import { commandName, softwareId } from '../lib/names.ts'

const documentation = `${site}/reference/doctor-rules`

/**
 * Formats a report as SARIF 2.1.0, for code scanning. The location of a result is the URL without its
 * scheme, because code scanning accepts only relative locations.
 */
export function formatSarif(report: Report): string {
  const used = new Set(report.findings.map(({ rule }) => rule))
  const listed = rules.filter(({ id }) => used.has(id))
  const document = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: commandName,
            informationUri: documentation,
            rules: listed.map(({ id, title, why, change, keyword, link, requirements }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: why },
              help: { text: `${change} ${link}` },
              helpUri: `${documentation}/${id}`,
              defaultConfiguration: { level: severityOf(keyword) },
              properties: { tags: [keyword, ...requirements] },
            })),
          },
        },
        automationDetails: { id: `${softwareId}/${report.serverUrl}` },
        results: report.findings.map((finding) =>
          resultOf(
            finding,
            report,
            listed.map(({ id }) => id),
          ),
        ),
      },
    ],
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

function resultOf(finding: Finding, { serverUrl }: Report, ids: readonly string[]): object {
  const { rule, severity, message, change, evidence } = finding
  const url = evidence[0]?.url ?? serverUrl
  const quoted = evidence.map(({ text }) => text).join('\n')
  return {
    ruleId: rule,
    ruleIndex: ids.indexOf(rule),
    level: severity,
    // [text](target) is a link in a message.
    message: {
      text: [message, change, ...(quoted === '' ? [] : [quoted])]
        .join('\n')
        .replaceAll('](', '] ('),
    },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: relativeUri(url) },
          region: { startLine: 1 },
        },
        logicalLocations: [{ fullyQualifiedName: url, kind: 'resource' }],
      },
    ],
    // A finding is the same one if the rule and the place are the same.
    partialFingerprints: { 'ruleAndPlace/v1': `${rule} ${relativeUri(url)}` },
  }
}

function relativeUri(url: string): string {
  if (!URL.canParse(url)) return showRemote(url, 80)
  const { host, pathname } = new URL(url)
  return `${host.replace(':', '%3A')}${pathname === '/' ? '' : pathname}`
}
