import { showRemote } from '@evergrant/core'
import { isLoopbackHost } from '@evergrant/core/network'
import { isEventStream, isHtml } from '../evidence/documents.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { ownDocuments } from '../evidence/own-documents.ts'
import { quoteExchange, quoteHeader } from './quotes.ts'
import { pages } from './rule.ts'
import type { Occurrence, Rule } from './rule.ts'

const step = 'connection'
const concerns = 'mcp-server'

/** Rules about the first request: whether an MCP server answers at the URL. */
export const connectionRules: readonly Rule[] = [
  {
    id: 'server-unreachable',
    title: 'The MCP server gives no answer',
    why: 'Without an answer, a client can learn nothing about the sign-in. It must not take this for the end of a grant: stored tokens stay valid.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: [],
    link: pages.transport,
    change:
      'Check the URL, the network, and that the server is running and answers within 10 seconds.',
    check: ({ first, access }) =>
      access === 'unreachable' && first?.failure !== undefined && first.failure.reason !== 'tls'
        ? [
            {
              message: `The server at ${first.url} gave no answer: ${first.failure.message}.`,
              evidence: [quoteExchange(first)],
            },
          ]
        : [],
  },
  {
    id: 'tls-failure',
    title: 'A secure connection cannot be made',
    why: 'Clients send tokens only over connections whose certificate they can verify. They stop before they send a request.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['C-06'],
    sentence:
      'Implementations **MUST** follow [OAuth 2.1 Section 1.5 "Communication Security"](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-13#section-1.5).',
    link: `${pages.security}#communication-security`,
    change:
      'Serve the complete certificate chain of a public authority, for this host name and not expired.',
    check: ({ observations }) => {
      const failed = observations.exchanges.filter(({ failure }) => failure?.reason === 'tls')
      const hosts = new Map(failed.map((exchange) => [new URL(exchange.url).host, exchange]))
      return Array.from(hosts, ([host, exchange]) => ({
        message: `The TLS connection to ${host} failed: ${exchange.failure?.message ?? ''}.`,
        evidence: [quoteExchange(exchange)],
        concerns: exchange.issuer === undefined ? concerns : 'authorization-server',
      }))
    },
  },
  {
    id: 'server-not-https',
    title: 'The MCP server is not served over HTTPS',
    why: 'An access token is a bearer token: anyone who reads it on the network can use it.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['C-06'],
    sentence:
      'Implementations **MUST** follow [OAuth 2.1 Section 1.5 "Communication Security"](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-13#section-1.5).',
    link: `${pages.security}#communication-security`,
    change: 'Serve the MCP server over https, and use that URL.',
    check: ({ observations: { serverUrl }, access }) => {
      const { protocol, hostname } = new URL(serverUrl)
      if (protocol !== 'http:' || isLoopbackHost(hostname) || !requiresToken(access)) return []
      return [
        {
          message: `Access tokens for ${serverUrl} would be sent without encryption. Clients refuse such a server.`,
          evidence: [{ url: serverUrl, text: `The URL starts with http: (${hostname})` }],
        },
      ]
    },
  },
  {
    id: 'server-failing',
    title: 'The MCP server fails',
    why: 'A client that sees a failure cannot tell whether a sign-in is required. Careful clients wait and keep their tokens, others sign the user out.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: [],
    link: pages.transport,
    change: 'Find the error in the log of the server, then run the check again.',
    check: ({ first, access }) =>
      access === 'failing' && first !== undefined && (first.answer?.status ?? 0) >= 500
        ? [
            {
              message: `The server answered a request without a token with status ${first.answer?.status} (expected 401, or an MCP response).`,
              evidence: [quoteExchange(first)],
            },
          ]
        : [],
  },
  {
    id: 'server-rate-limited',
    title: 'The MCP server limits the rate of requests',
    why: 'A rate limit says nothing about the token. Clients that take it for a refusal open a sign-in page that cannot help.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: [],
    link: 'https://www.rfc-editor.org/rfc/rfc6585#section-4',
    change: 'Wait, then run the check again.',
    check: ({ first, access }) =>
      access === 'failing' && first?.answer?.status === 429
        ? [
            {
              message: 'The server answered with status 429, so nothing else could be checked.',
              evidence: [quoteExchange(first), quoteHeader(first, 'retry-after')],
            },
          ]
        : [],
  },
  {
    id: 'server-redirects',
    title: 'The MCP server redirects requests',
    why: 'After status 301, 302 or 303, clients repeat the POST as a GET, and the message is lost. They send no token to another origin, because it was issued for this one.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: [],
    link: 'https://www.rfc-editor.org/rfc/rfc9110#section-15.4',
    change: 'Configure clients with the target of the redirect, or answer at this URL.',
    check: ({ first, access }) =>
      access === 'redirected' && !keepsMessage(first) ? redirected(first) : [],
  },
  {
    id: 'server-redirects-within-origin',
    title: 'The MCP server redirects requests to another path',
    why: 'Each call costs a second request, and a client that follows no redirects cannot use this URL.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: [],
    link: 'https://www.rfc-editor.org/rfc/rfc9110#section-15.4.8',
    change: 'Configure clients with the target of the redirect, or answer at this URL.',
    check: ({ first, access }) =>
      access === 'redirected' && keepsMessage(first) ? redirected(first) : [],
  },
  {
    id: 'server-blocks-clients',
    title: 'Something in front of the MCP server answers instead of it',
    why: 'A firewall that answers instead of the MCP server hides the challenge. Clients see a refusal that no sign-in can end.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: [],
    link: pages.transport,
    change:
      'Exempt the MCP endpoint and the well-known URIs from bot checks, firewalls and login pages: clients are programs. If the MCP server itself refuses, answer with status 401 and a challenge.',
    check: ({ first, access }) =>
      access === 'not-mcp' && first?.answer !== undefined && first.answer.status === 403
        ? [
            {
              message: `The server answered with status 403${isHtml(first.answer) ? ' and an HTML page' : ''}, without a challenge and without metadata, as firewalls and bot checks do.`,
              evidence: [quoteExchange(first), quoteHeader(first, 'server')],
            },
          ]
        : [],
  },
  {
    id: 'not-an-mcp-server',
    title: 'No MCP server answers at this URL',
    why: 'A wrong path is a common mistake, and the page there often has status 200. Clients then report a protocol error, not a wrong URL.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: [],
    sentence:
      'The server **MUST** provide a single HTTP endpoint path (hereafter referred to as the **MCP endpoint**) that supports POST.',
    link: pages.transport,
    change: 'Check the path of the URL: it is the endpoint that accepts POST, often /mcp.',
    check: ({ first, access }) =>
      access === 'not-mcp' && first?.answer !== undefined && first.answer.status !== 403
        ? [
            {
              message: `The answer to an MCP request has status ${first.answer.status} and ${isHtml(first.answer) ? 'is an HTML page' : 'is not an MCP message'} (expected status 401, or a JSON-RPC message).`,
              evidence: [quoteExchange(first)],
            },
          ]
        : [],
  },
  {
    id: 'legacy-transport',
    title: 'The MCP server only has the HTTP+SSE transport of 2024',
    why: 'Revision 2025-03-26 replaced this transport. Clients that have only Streamable HTTP report that no server is there.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: [],
    link: pages.transport,
    change: 'Offer Streamable HTTP: a client need not have the older transport.',
    check: ({ observations, access }) => {
      if (access !== 'open' && access !== 'protected') return []
      const post = observations.exchanges.find(
        ({ purpose }) => purpose === 'unauthenticated-request',
      )
      const stream = observations.exchanges.find(({ purpose }) => purpose === 'stream-request')
      const refusedPost = post?.answer?.status === 405 || post?.answer?.status === 404
      const usable = isEventStream(stream) || stream?.answer?.status === 401
      if (post === undefined || stream === undefined || !refusedPost || !usable) return []
      return [
        {
          message: `POST is answered with status ${post.answer?.status}, and GET with ${stream.answer?.status}.`,
          evidence: [quoteExchange(post), quoteExchange(stream)],
        },
      ]
    },
  },
  {
    id: 'metadata-without-challenge',
    title: 'The MCP server describes authorization and does not require it',
    why: 'Clients sign in when they are asked to. If only some tools require a token and no answer says so, the client shows an error instead of a sign-in page.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: [],
    link: `${pages.authorization}#error-handling`,
    change:
      'If the server requires tokens for some tools, answer those requests with status 401 and a challenge. Otherwise remove the metadata.',
    check: ({ access, resourceDocuments, first, observations: { serverUrl } }) => {
      const [document] = ownDocuments(resourceDocuments, serverUrl)
      if (access !== 'open' || document === undefined || first === undefined) return []
      return [
        {
          message:
            'The server publishes protected resource metadata, and answered initialize and tools/list without a token.',
          evidence: [quoteExchange(first), quoteExchange(document.exchange)],
        },
      ]
    },
  },
]

function requiresToken(access: Evidence['access']): boolean {
  return access === 'protected' || access === 'partly-protected'
}

/** Whether a client that follows redirects repeats the POST, and with its token. */
function keepsMessage(first: Evidence['first']): boolean {
  const { status = 0, headers } = first?.answer ?? {}
  const target = headers?.['location']
  if (first === undefined || target === undefined || !URL.canParse(target, first.url)) return false
  return (
    (status === 307 || status === 308) &&
    new URL(target, first.url).origin === new URL(first.url).origin
  )
}

function redirected(first: Evidence['first']): readonly Occurrence[] {
  if (first?.answer === undefined) return []
  const { status, headers } = first.answer
  const target = headers['location']
  const absolute =
    target !== undefined && URL.canParse(target, first.url)
      ? new URL(target, first.url).href
      : undefined
  const effect = keepsMessage(first)
    ? 'Most clients follow it. Nothing else was checked at this URL.'
    : status === 307 || status === 308
      ? 'Clients that do not follow redirects stop here, and others drop the token, because the target has another origin.'
      : 'After such a redirect, a POST becomes a GET, and the message is lost.'
  return [
    {
      message: `The server answers with status ${status} and the target ${showRemote(absolute ?? target, 200)}. ${effect}`,
      evidence: [quoteExchange(first), quoteHeader(first, 'location')],
      ...(absolute === undefined
        ? {}
        : {
            change: `Configure clients with ${showRemote(absolute, 200)}, if that is the MCP endpoint.`,
          }),
    },
  ]
}
