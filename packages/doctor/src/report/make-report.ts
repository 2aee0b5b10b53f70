import { cleanRemoteText } from '@evergrant/core'
import type { Evidence } from '../evidence/evidence.ts'
import { ownDocuments } from '../evidence/own-documents.ts'
import { stringsOf } from '../lib/json.ts'
import type { Exchange } from '../observations/observations.ts'
import { forecast } from '../forecast/forecast.ts'
import { decideVerdicts } from '../verdicts/verdicts.ts'
import { severityOf, steps } from '../rules/rule.ts'
import type { Rule, Severity } from '../rules/rule.ts'
import type { DiscoverySummary, Finding, Report, TimelineEntry } from './report.ts'

const longestMessage = 1000

const severities: readonly Severity[] = ['error', 'warning', 'note']

/** Applies rules to the evidence. */
export function makeReport(evidence: Evidence, rules: readonly Rule[]): Report {
  const findings = rules.flatMap((rule) => findingsOf(rule, evidence)).toSorted(byUrgency)
  const { observations, access, discovery } = evidence
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length
  const expected = forecast(evidence)
  const ofClients = { ...evidence, servers: serversOfClients(evidence) }
  const brokenForClients = new Set(
    rules.filter(({ check }) => check(ofClients).length > 0).map(({ id }) => id),
  )
  return {
    version: 1,
    serverUrl: observations.serverUrl,
    observedAtEpochSeconds: observations.observedAtEpochSeconds,
    access,
    counts: { error: count('error'), warning: count('warning'), note: count('note') },
    findings,
    ...(discovery === undefined ? {} : { discovery: summaryOf(discovery) }),
    ...(expected === undefined ? {} : { forecast: expected }),
    ...(observations.measurement === undefined ? {} : { measurement: observations.measurement }),
    verdicts: decideVerdicts({
      brokenRules: findings
        .map(({ rule }) => rule)
        .filter((rule) => brokenForClients.has(rule))
        .filter((rule) => !(whereGuessed.has(rule) && isFoundByGuess(evidence))),
      requiresSignIn:
        access === 'open'
          ? 'no'
          : access === 'protected' || access === 'partly-protected'
            ? 'yes'
            : 'unknown',
      forecast: expected,
      measurement: observations.measurement,
    }),
    timeline: observations.exchanges.map(timelineEntry),
  }
}

/** Faults that stop no client that finds the authorization server at the origin of the MCP server. */
const whereGuessed: ReadonlySet<string> = new Set([
  'resource-metadata-missing',
  'challenge-metadata-url-broken',
])

/** Of several authorization servers, clients use the first. The others do not stop them. */
function serversOfClients({
  servers,
  resourceDocuments,
  observations: { serverUrl, chosenIssuer },
}: Evidence): Evidence['servers'] {
  const [own] = ownDocuments(resourceDocuments, serverUrl)
  const [first] = stringsOf(own?.document?.['authorization_servers'])
  const used = servers.filter(({ issuer }) => issuer === (chosenIssuer ?? first))
  return used.length === 0 ? servers : used
}

/** Older servers have no protected resource metadata: clients then try the origin of the server. */
function isFoundByGuess({ servers, observations: { serverUrl } }: Evidence): boolean {
  const { origin } = new URL(serverUrl)
  return servers.some(({ issuer, metadata }) => issuer === origin && metadata !== undefined)
}

function findingsOf(rule: Rule, evidence: Evidence): readonly Finding[] {
  const { id, title, step, keyword, requirements, sentence, link } = rule
  return rule.check(evidence).map((occurrence) => ({
    rule: id,
    severity: severityOf(keyword),
    keyword,
    step,
    concerns: occurrence.concerns ?? rule.concerns,
    title,
    message: occurrence.message,
    evidence: occurrence.evidence,
    change: occurrence.change ?? rule.change,
    requirements,
    ...(sentence === undefined ? {} : { sentence }),
    link,
  }))
}

function byUrgency(a: Finding, b: Finding): number {
  return (
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    steps.indexOf(a.step) - steps.indexOf(b.step)
  )
}

function summaryOf(outcome: NonNullable<Evidence['discovery']>): DiscoverySummary {
  if (outcome.outcome === 'failed') {
    // It can quote long URLs of a server.
    return { ...outcome, message: cleanRemoteText(outcome.message, longestMessage) ?? '' }
  }
  const { resource, authorizationServer } = outcome.discovery
  return { outcome: 'found', resource, issuer: authorizationServer.issuer }
}

function timelineEntry(exchange: Exchange): TimelineEntry {
  const { purpose, method, url, answer, failure, issuer } = exchange
  return {
    purpose,
    method,
    url,
    concerns: issuer === undefined ? 'mcp-server' : 'authorization-server',
    outcome:
      answer === undefined ? (failure?.code ?? failure?.reason ?? '') : String(answer.status),
    startMilliseconds: exchange.startMilliseconds,
    durationMilliseconds: exchange.durationMilliseconds,
  }
}
