import type { Evidence } from '../evidence/evidence.ts'
import type { CertificateFacts, Exchange } from '../observations/observations.ts'
import { quoteExchange, quoteHeader } from './quotes.ts'
import type { Concern, Rule } from './rule.ts'

const step = 'operation'

/** Beyond this, tokens count as expired too early, or are used after they expired. */
const longestSkewSeconds = 60
const slowMilliseconds = 3000
const longestCacheSeconds = 86_400
const certificateDays = 14

/** Rules about clocks, speed, caches and certificates. */
export const operationRules: readonly Rule[] = [
  {
    id: 'clock-skew',
    title: 'A clock is wrong',
    why: 'A token that is valid on one clock has expired on the other, or is not valid yet. New tokens are refused, and clients that compare expiry times with their own clock refresh too late.',
    step,
    concerns: 'mcp-server',
    keyword: 'OBSERVED',
    requirements: ['C-55'],
    link: 'https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1',
    change:
      'Synchronize the clock of this server. If all servers differ in the same way, correct the one of this machine.',
    check: ({ observations }) => {
      const hosts = new Map<string, { readonly exchange: Exchange; readonly seconds: number }>()
      for (const exchange of observations.exchanges) {
        const seconds = skewOf(exchange, observations.observedAtEpochSeconds)
        const { host } = new URL(exchange.url)
        if (seconds !== undefined && !hosts.has(host)) hosts.set(host, { exchange, seconds })
      }
      return Array.from(hosts)
        .filter(([, { seconds }]) => Math.abs(seconds) > longestSkewSeconds)
        .map(([host, { exchange, seconds }]) => ({
          message: `The clock of ${host} is ${Math.abs(Math.round(seconds))} s ${seconds > 0 ? 'ahead of' : 'behind'} the one of this machine.`,
          evidence: [quoteHeader(exchange, 'date')],
          concerns: concernOf(exchange),
        }))
    },
  },
  {
    id: 'slow-answer',
    title: 'A server answers slowly',
    why: 'A sign-in makes several requests in sequence, and the user waits for all of them before the page opens. Some clients give up after a few seconds.',
    step,
    concerns: 'mcp-server',
    keyword: 'OBSERVED',
    requirements: [],
    link: 'https://www.rfc-editor.org/rfc/rfc9110',
    change:
      'Serve metadata and challenges without slow work. Each sign-in requests them in sequence.',
    check: ({ observations }) => {
      const slow = observations.exchanges.filter(
        ({ answer, durationMilliseconds }) =>
          answer !== undefined && durationMilliseconds > slowMilliseconds,
      )
      const hosts = new Map(slow.map((exchange) => [new URL(exchange.url).host, exchange]))
      return Array.from(hosts, ([host, exchange]) => ({
        message: `${host} needed ${(exchange.durationMilliseconds / 1000).toFixed(1)} s for an answer.`,
        evidence: [quoteExchange(exchange, `${exchange.durationMilliseconds} ms`)],
        concerns: concernOf(exchange),
      }))
    },
  },
  {
    id: 'metadata-cached-long',
    title: 'A metadata document may be cached for more than a day',
    why: 'After a move to another authorization server, clients go to the old one until their copy expires.',
    step,
    concerns: 'mcp-server',
    keyword: 'OBSERVED',
    requirements: [],
    link: 'https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.1',
    change:
      'Use a max-age of at most a day, so that clients see a change of the authorization server.',
    check: ({ resourceDocuments, servers }) =>
      [
        ...resourceDocuments.map((location) => ({ location, concerns: 'mcp-server' as const })),
        ...servers.flatMap(({ documents }) =>
          documents.map((location) => ({ location, concerns: 'authorization-server' as const })),
        ),
      ]
        .filter(({ location }) => location.kind === 'document')
        .filter(({ location }) => cacheSeconds(location.exchange) > longestCacheSeconds)
        .map(({ location, concerns }) => ({
          message: `${location.url} may be cached for ${cacheSeconds(location.exchange)} s.`,
          evidence: [quoteHeader(location.exchange, 'cache-control')],
          concerns,
        })),
  },
  {
    id: 'certificate-expires-soon',
    title: 'A certificate expires soon',
    why: 'When it has expired, no client connects.',
    step,
    concerns: 'mcp-server',
    keyword: 'OBSERVED',
    requirements: [],
    link: 'https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5',
    change: 'Renew the certificate, and check that its renewal is automatic.',
    check: ({ observations }) =>
      observations.certificates
        .map((facts) => ({
          facts,
          days: Math.floor(
            (facts.validUntilEpochSeconds - observations.observedAtEpochSeconds) / 86_400,
          ),
        }))
        .filter(({ facts, days }) => days < daysToRenew(facts))
        .map(({ facts, days }) => ({
          message: `The certificate of ${facts.host} is valid for ${Math.max(days, 0)} more days.`,
          evidence: [
            {
              url: `https://${facts.host}`,
              text: `valid until ${new Date(facts.validUntilEpochSeconds * 1000).toISOString()}, ${facts.protocol}`,
            },
          ],
          concerns:
            hostOfServer(observations) === facts.host ? 'mcp-server' : 'authorization-server',
        })),
  },
]

/** Certificates that live for a few days only are renewed later: at a third of their lifetime. */
function daysToRenew({ validFromEpochSeconds, validUntilEpochSeconds }: CertificateFacts): number {
  if (validFromEpochSeconds === undefined) return certificateDays
  return Math.min(certificateDays, (validUntilEpochSeconds - validFromEpochSeconds) / 86_400 / 3)
}

/** How far a server's clock is ahead, in seconds; `undefined` if that is not known. */
function skewOf(
  { answer, startMilliseconds, durationMilliseconds }: Exchange,
  observedAtEpochSeconds: number,
): number | undefined {
  const date = Date.parse(answer?.headers['date'] ?? '')
  // The Date of an answer from a cache is the time when it was stored.
  if (Number.isNaN(date) || answer?.headers['age'] !== undefined) return undefined
  const middle = observedAtEpochSeconds * 1000 + startMilliseconds + durationMilliseconds / 2
  return (date - middle) / 1000
}

function concernOf({ issuer }: Exchange): Concern {
  return issuer === undefined ? 'mcp-server' : 'authorization-server'
}

function cacheSeconds({ answer }: Exchange): number {
  const value = answer?.headers['cache-control'] ?? ''
  if (/no-store|no-cache/i.test(value)) return 0
  return Number(/(?<![\w-])max-age\s*=\s*"?(\d{1,12})/i.exec(value)?.[1] ?? 0)
}

function hostOfServer({ serverUrl }: Evidence['observations']): string {
  return new URL(serverUrl).host
}
