import { offlineAccess, readScope, showRemote } from '@evergrant/core'
import { isSecureEndpoint } from '@evergrant/core/network'
import type { Evidence } from '../evidence/evidence.ts'
import { ownDocuments } from '../evidence/own-documents.ts'
import { quoteExchange, quoteHeader } from './quotes.ts'
import { pages } from './rule.ts'
import type { Occurrence, Rule } from './rule.ts'

const step = 'challenge'
const concerns = 'mcp-server'

/** Rules about the answer to a request without a token. */
export const challengeRules: readonly Rule[] = [
  {
    id: 'unauthenticated-wrong-status',
    title: 'A request without a token is not answered with status 401',
    why: 'Status 401 is what starts a sign-in. With 403 or 404, a client reports that access is forbidden, or that nothing is there.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-13'],
    sentence: 'Servers **MUST** return appropriate HTTP status codes for authorization errors',
    link: `${pages.authorization}#error-handling`,
    change: 'Answer a request without a token with status 401 and a Bearer challenge.',
    check: ({ access, first }) =>
      access === 'refused' && first?.answer !== undefined
        ? [
            {
              message: `The server protects this URL and answered with status ${first.answer.status} (expected 401). Clients do not start a sign-in.`,
              evidence: [quoteExchange(first)],
            },
          ]
        : [],
  },
  {
    id: 'challenge-missing',
    title: 'An answer with status 401 has no challenge',
    why: 'The challenge says where the metadata is and which scope is required. Without it, clients guess both, and request more scope than they need.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-13'],
    sentence:
      'The server generating a 401 response MUST send a WWW-Authenticate header field […] containing at least one challenge applicable to the target resource.',
    link: 'https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2',
    change: 'Add WWW-Authenticate: Bearer resource_metadata="…" to every answer with status 401.',
    check: ({ challenged, invalidToken }) =>
      [challenged, invalidToken].flatMap((exchange) =>
        exchange?.answer?.status === 401 &&
        exchange.answer.headers['www-authenticate'] === undefined
          ? [
              {
                message: `The 401 to a request ${exchange === challenged ? 'without a token' : 'with an invalid token'} has no WWW-Authenticate header.`,
                evidence: [quoteExchange(exchange), quoteHeader(exchange, 'www-authenticate')],
              },
            ]
          : [],
      ),
  },
  {
    id: 'challenge-not-bearer',
    title: 'The challenge does not have the scheme Bearer',
    why: 'Clients look for the scheme Bearer. They treat an unknown scheme as one they cannot satisfy, and do not sign in.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-13'],
    sentence:
      'All challenges defined by this specification MUST use the auth-scheme value "Bearer".',
    link: pages.bearer,
    change: 'Send a Bearer challenge. Write it exactly as RFC 6750 §3 does.',
    check: ({ challenged, challenge, challenges }) =>
      challenged?.answer?.headers['www-authenticate'] !== undefined && challenge === undefined
        ? [
            {
              message:
                challenges.length === 0
                  ? 'The WWW-Authenticate header contains no readable challenge.'
                  : `The header names only ${challenges.map(({ scheme }) => showRemote(scheme, 40)).join(', ')}.`,
              evidence: [quoteHeader(challenged, 'www-authenticate')],
            },
          ]
        : [],
  },
  {
    id: 'challenge-without-resource-metadata',
    title: 'The challenge does not say where the metadata is',
    why: 'Clients then try well-known URIs in an order that differs between them. They find different documents, or none if the server has a path.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: ['S-10'],
    link: `${pages.discovery}#protected-resource-metadata-discovery-requirements`,
    change: 'Add resource_metadata="<URL of the protected resource metadata>" to the challenge.',
    check: ({ challenge, challenged, resourceDocuments }) =>
      challenge !== undefined &&
      challenged !== undefined &&
      rawMetadataUrl(challenged) === undefined &&
      resourceDocuments.some(({ kind }) => kind === 'document')
        ? [
            {
              message:
                'The challenge has no resource_metadata. Clients must guess the well-known URI, which this server serves.',
              evidence: [quoteHeader(challenged, 'www-authenticate')],
            },
          ]
        : [],
  },
  {
    id: 'challenge-metadata-url-insecure',
    title: 'The challenge names a metadata URL that clients must not fetch',
    why: 'Someone on the network could replace the document, and with it the authorization server to which users send their password. It usually comes from a proxy that ends TLS.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-10', 'C-30'],
    sentence:
      'Implementations **MUST** follow [OAuth 2.1 Section 1.5 "Communication Security"](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-13#section-1.5).',
    link: `${pages.security}#communication-security`,
    change:
      'Name the https URL. Behind a proxy, configure the public URL of the server, or trust X-Forwarded-Proto.',
    check: ({ challenged, challenge, observations }) => {
      const url = challenged === undefined ? undefined : rawMetadataUrl(challenged)
      if (challenged === undefined || url === undefined || challenge === undefined) return []
      // Where the MCP server itself is not secure, another rule says so.
      if (isSecureEndpoint(url) || !isSecureEndpoint(observations.serverUrl)) return []
      return [
        {
          message: `resource_metadata is ${showRemote(url, 200)} (expected an https URL), so clients ignore it.`,
          evidence: [quoteHeader(challenged, 'www-authenticate')],
        },
      ]
    },
  },
  {
    id: 'challenge-scope-missing',
    title: 'The challenge names no scope',
    why: 'Users are asked to consent to everything at once, and refuse more often. Broad tokens do more harm when they leak.',
    step,
    concerns,
    keyword: 'SHOULD',
    requirements: ['S-11', 'C-20'],
    sentence:
      'MCP servers **SHOULD** include a `scope` parameter in the `WWW-Authenticate` header as defined in RFC 6750 Section 3 to indicate the scopes required for accessing the resource.',
    link: `${pages.authorization}#scope-selection-strategy`,
    change:
      'Name the smallest scope for the request, such as scope="mcp:read". Without it, clients request every scope of the metadata.',
    check: ({ challenge, challenged, resourceDocuments, observations: { serverUrl } }) => {
      const scopes = ownDocuments(resourceDocuments, serverUrl).flatMap(({ document }) =>
        readScope(document?.['scopes_supported']).tokens.filter((one) => one !== offlineAccess),
      )
      // A server without scopes has nothing to name.
      if (challenge === undefined || challenged === undefined || scopes.length === 0) return []
      if (challenge.scope !== undefined) return []
      return [
        {
          message: `The metadata lists scopes (${showRemote([...new Set(scopes)], 120)}) and the challenge names none, so clients request them all.`,
          evidence: [quoteHeader(challenged, 'www-authenticate')],
        },
      ]
    },
  },
  {
    id: 'challenge-offline-access',
    title: 'The challenge requests offline_access',
    why: 'The scope concerns the client and the authorization server, not the resource. If the authorization server does not know it, the whole sign-in ends with invalid_scope.',
    step,
    concerns,
    keyword: 'SHOULD NOT',
    requirements: ['S-01'],
    sentence:
      '**SHOULD NOT** include `offline_access` in the `scope` parameter of `WWW-Authenticate` headers, as refresh tokens are not a resource requirement.',
    link: 'https://modelcontextprotocol.io/seps/2207-oidc-refresh-token-guidance',
    change:
      'Remove offline_access from the challenge, and list it in scopes_supported of the authorization server: clients read it there.',
    check: ({ challenged, challenge, invalidToken }) =>
      challenge?.scope?.includes(offlineAccess) === true && challenged !== undefined
        ? [
            {
              message: 'The scope of the challenge contains offline_access.',
              evidence: [quoteHeader(challenged, 'www-authenticate')],
            },
          ]
        : namesOfflineAccess(invalidToken),
  },
  {
    id: 'challenge-scope-invalid',
    title: 'The scope of the challenge is malformed',
    why: 'A client that sends the malformed scope gets invalid_scope. One that leaves it out gets a token that the server refuses.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['C-21'],
    sentence:
      'The value of the scope parameter is expressed as a list of space-delimited, case-sensitive strings. scope-token = 1*( %x21 / %x23-5B / %x5D-7E )',
    link: 'https://www.rfc-editor.org/rfc/rfc6749#section-3.3',
    change:
      'Separate scope tokens with spaces, and use no quotes, backslashes or brackets of a list.',
    check: ({ challenged, challenges }) => {
      const value = challenges
        .find(({ parameters }) => parameters.has('scope'))
        ?.parameters.get('scope')
      const { ignored } = readScope(value)
      if (challenged === undefined || ignored.length === 0) return []
      return [
        {
          message: `${showRemote(ignored, 120)} cannot be part of a scope, so clients leave it out or fail.`,
          evidence: [quoteHeader(challenged, 'www-authenticate')],
        },
      ]
    },
  },
  {
    id: 'challenge-error-without-token',
    title: 'The challenge reports an error to a request that had no token',
    why: 'A client that sees invalid_token discards its token. If it never sent one, it may throw away tokens of another request, or report a misleading error.',
    step,
    concerns,
    keyword: 'SHOULD NOT',
    requirements: ['S-13'],
    sentence:
      'If the request lacks any authentication information (e.g., the client was unaware that authentication is necessary or attempted using an unsupported authentication method), the resource server SHOULD NOT include an error code or other error information.',
    link: 'https://www.rfc-editor.org/rfc/rfc6750#section-3.1',
    change: 'Send error="invalid_token" only if the request had a token.',
    check: ({ challenged, challenge }) =>
      challenge?.error !== undefined && challenged !== undefined
        ? [
            {
              message: `The challenge has error=${showRemote(challenge.error, 60)} although the request had no token.`,
              evidence: [quoteHeader(challenged, 'www-authenticate')],
            },
          ]
        : [],
  },
  {
    id: 'challenge-cacheable',
    title: 'A cache may store the answer with the challenge',
    why: 'A signed-in user who receives a stored challenge is asked to sign in again, although the token is still valid.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: [],
    link: 'https://www.rfc-editor.org/rfc/rfc9111#section-3',
    change: 'Send Cache-Control: no-store with status 401.',
    check: ({ challenged }) => {
      const value = challenged?.answer?.headers['cache-control'] ?? ''
      if (challenged === undefined || /no-store|no-cache|private/i.test(value)) return []
      if (!/(?:s-maxage|max-age)\s*=\s*"?[1-9]/i.test(value)) return []
      return [
        {
          message:
            'The 401 has a lifetime in caches. A cache in front of the server could repeat it to signed-in users.',
          evidence: [quoteHeader(challenged, 'cache-control')],
        },
      ]
    },
  },
]

/** `resource_metadata` as it was sent, usable or not. */
function rawMetadataUrl(challenged: NonNullable<Evidence['challenged']>): string | undefined {
  const header = challenged.answer?.headers['www-authenticate'] ?? ''
  const found = /resource_metadata\s*=\s*(?:"([^"]*)"|([^\s,"]+))/i.exec(header)
  return found?.[1] ?? found?.[2]
}

function namesOfflineAccess(invalidToken: Evidence['invalidToken']): readonly Occurrence[] {
  const header = invalidToken?.answer?.headers['www-authenticate'] ?? ''
  const scope = /\bscope\s*=\s*"([^"]*)"/i.exec(header)?.[1]
  if (invalidToken === undefined || !readScope(scope).tokens.includes(offlineAccess)) return []
  return [
    {
      message: 'The scope of the challenge to an invalid token contains offline_access.',
      evidence: [quoteHeader(invalidToken, 'www-authenticate')],
    },
  ]
}
