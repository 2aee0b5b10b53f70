import type { Evidence } from '../evidence/evidence.ts'
import type { Exchange } from '../observations/observations.ts'
import { quoteExchange, quoteHeader } from './quotes.ts'
import { pages } from './rule.ts'
import type { Occurrence, Rule } from './rule.ts'

const step = 'browser'

/**
 * Rules about clients in browsers. A server may refuse pages of other origins. The rules apply if the
 * MCP server admits the page: then everything else that the page needs must work, too.
 */
export const browserRules: readonly Rule[] = [
  {
    id: 'preflight-requires-token',
    title: 'The preflight request of a browser is refused',
    why: 'Browsers ask before they send a token. If the answer is a refusal, a web application cannot use the server at all.',
    step,
    concerns: 'mcp-server',
    keyword: 'OURS',
    requirements: ['S-16'],
    link: pages.fetch,
    change:
      'Answer OPTIONS before authentication, with status 204 and Access-Control-Allow-Headers that include authorization. Browsers send no token with it.',
    check: (evidence) => {
      const preflight = preflightOf(evidence, evidence.observations.serverUrl)
      const status = preflight?.answer?.status
      if (!admitsPage(evidence) || preflight === undefined || status === undefined) return []
      if (status >= 200 && status < 300) {
        const allowed = preflight.answer?.headers['access-control-allow-headers']
        // The wildcard does not contain this header (Fetch, CORS-preflight).
        if (namesOf(allowed).has('authorization')) return []
        return [
          {
            message:
              'The answer to the preflight request does not allow the header Authorization, so the browser sends no token. "*" does not allow it either.',
            evidence: [quoteHeader(preflight, 'access-control-allow-headers')],
          },
        ]
      }
      return [
        {
          message: `The MCP server admits the page and answers its preflight request with status ${status}, so the browser sends nothing.`,
          evidence: [quoteExchange(preflight)],
        },
      ]
    },
  },
  {
    id: 'challenge-not-exposed',
    title: 'A web page cannot read the challenge',
    why: 'A web application needs the challenge to find the metadata and the scope. Otherwise it guesses, and cannot tell an expired token from a missing one.',
    step,
    concerns: 'mcp-server',
    keyword: 'OURS',
    requirements: ['S-16'],
    link: pages.fetch,
    change: 'Send Access-Control-Expose-Headers: WWW-Authenticate with status 401.',
    check: (evidence) => {
      const answer = pageRequest(evidence)
      if (!admitsPage(evidence) || answer?.answer?.status !== 401) return []
      if (lists(answer.answer.headers['access-control-expose-headers'], 'www-authenticate'))
        return []
      return [
        {
          message: 'The page gets the status 401 and cannot read WWW-Authenticate.',
          evidence: [quoteHeader(answer, 'access-control-expose-headers')],
        },
      ]
    },
  },
  {
    id: 'metadata-not-shared',
    title: 'A web page cannot read the metadata',
    why: 'A web application cannot find the authorization server, so it cannot sign in.',
    step,
    concerns: 'mcp-server',
    keyword: 'OURS',
    requirements: ['S-16'],
    link: pages.fetch,
    change: 'Send Access-Control-Allow-Origin: * with metadata documents. They are public.',
    check: (evidence) => {
      if (!admitsPage(evidence)) return []
      const used = [
        ...evidence.resourceDocuments
          .filter(({ kind }) => kind === 'document')
          .slice(0, 1)
          .map((location) => ({ location, concerns: 'mcp-server' as const })),
        ...evidence.servers.flatMap(({ used: location }) =>
          location === undefined ? [] : [{ location, concerns: 'authorization-server' as const }],
        ),
      ]
      return used.flatMap(({ location, concerns }) => {
        const answer = crossOrigin(evidence, location.exchange.url)
        if (answer === undefined || isShared(answer, evidence)) return []
        return [
          {
            message: `The MCP server admits the page, and the page cannot read ${location.url}.`,
            evidence: [quoteHeader(answer, 'access-control-allow-origin')],
            concerns,
          },
        ]
      })
    },
  },
  {
    id: 'endpoint-not-shared',
    title: 'A web page cannot use an endpoint of the authorization server',
    why: 'A web application can open the sign-in page, but cannot exchange the code or refresh the token.',
    step,
    concerns: 'authorization-server',
    keyword: 'OURS',
    requirements: ['S-16'],
    link: pages.fetch,
    change:
      'Send Access-Control-Allow-Origin at the token endpoint and at the registration endpoint, for the origins of public clients.',
    check: (evidence) => {
      if (!admitsPage(evidence)) return []
      return evidence.servers.flatMap(({ metadata, issuer }) =>
        (['token_endpoint', 'registration_endpoint'] as const).flatMap(
          (member): readonly Occurrence[] => {
            const url = metadata?.[member]
            const preflight = url === undefined ? undefined : preflightOf(evidence, url)
            if (preflight?.answer === undefined || isShared(preflight, evidence)) return []
            // Browsers send a form without a preflight request.
            const form = url === undefined ? undefined : crossOriginPost(evidence, url)
            if (form !== undefined && isShared(form, evidence)) return []
            return [
              {
                message: `The MCP server admits the page, and the page cannot send requests to the ${member} of ${issuer}.`,
                evidence: [quoteHeader(preflight, 'access-control-allow-origin')],
              },
            ]
          },
        ),
      )
    },
  },
]

/** Whether the MCP server lets the page read its answers. */
function admitsPage(evidence: Evidence): boolean {
  const answer = pageRequest(evidence)
  return answer !== undefined && isShared(answer, evidence)
}

function pageRequest(evidence: Evidence): Exchange | undefined {
  return crossOriginPost(evidence, evidence.observations.serverUrl)
}

function crossOriginPost(
  { observations: { exchanges } }: Evidence,
  target: string,
): Exchange | undefined {
  return exchanges.find(
    ({ purpose, url, method }) =>
      purpose === 'cross-origin-request' && url === target && method === 'POST',
  )
}

function crossOrigin({ observations: { exchanges } }: Evidence, url: string): Exchange | undefined {
  return exchanges.find(
    (exchange) =>
      exchange.purpose === 'cross-origin-request' &&
      exchange.url === url &&
      exchange.method === 'GET',
  )
}

function preflightOf({ observations: { exchanges } }: Evidence, url: string): Exchange | undefined {
  return exchanges.find((exchange) => exchange.purpose === 'preflight' && exchange.url === url)
}

function isShared({ answer }: Exchange, { observations: { pageOrigin } }: Evidence): boolean {
  const allowed = answer?.headers['access-control-allow-origin']?.trim()
  return allowed === '*' || allowed === pageOrigin
}

function lists(header: string | undefined, name: string): boolean {
  const names = namesOf(header)
  return names.has(name) || names.has('*')
}

function namesOf(header: string | undefined): ReadonlySet<string> {
  return new Set((header ?? '').split(',').map((one) => one.trim().toLowerCase()))
}
