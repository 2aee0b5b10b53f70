import { readBearerChallenge } from '@evergrant/core'
import { quoteExchange, quoteHeader } from './quotes.ts'
import { pages } from './rule.ts'
import type { Rule } from './rule.ts'
import { inventedToken } from '../lib/names.ts'

const step = 'challenge'
const concerns = 'mcp-server'

/** Rules about the answer to a token that no server has issued. */
export const invalidTokenRules: readonly Rule[] = [
  {
    id: 'invalid-token-accepted',
    title: 'The MCP server accepts a token that no server has issued',
    why: 'Anyone can use the tools and data of the server with an invented token.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-12'],
    sentence:
      'MCP servers **MUST** validate that access tokens were issued specifically for them as the intended audience, according to RFC 8707 Section 2.',
    link: `${pages.authorization}#token-handling`,
    change: 'Validate every access token: signature, issuer, expiry and audience.',
    check: ({ invalidToken }) => {
      const status = invalidToken?.answer?.status ?? 0
      if (invalidToken === undefined || status < 200 || status >= 300) return []
      return [
        {
          message: `A request without a token is refused, and one with the token "${inventedToken}" is answered with status ${status}.`,
          evidence: [quoteExchange(invalidToken)],
        },
      ]
    },
  },
  {
    id: 'invalid-token-wrong-status',
    title: 'An invalid token is not answered with status 401',
    why: 'Every access token expires. After a 401, clients refresh. After any other status, the user sees an error although a refresh would help.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-13', 'S-18'],
    sentence: 'Invalid or expired tokens **MUST** receive a HTTP 401 response.',
    link: `${pages.authorization}#token-handling`,
    change:
      'Answer with status 401 and error="invalid_token". Clients refresh or sign in only after a 401.',
    check: ({ invalidToken }) => {
      const status = invalidToken?.answer?.status
      if (invalidToken === undefined || status === undefined || status < 300) return []
      // A server that limits the rate or answers later says nothing about the token.
      if (status === 401 || status === 429 || status === 503) return []
      return [
        {
          message: `An invalid token is answered with status ${status} (expected 401), so clients do not refresh when a token expires.`,
          evidence: [quoteExchange(invalidToken)],
        },
      ]
    },
  },
  {
    id: 'invalid-token-without-error',
    title: 'The answer to an invalid token does not say that the token is invalid',
    why: 'The error tells an expired token from a missing one. Without it, some clients start a new sign-in instead of a refresh.',
    step,
    concerns,
    keyword: 'SHOULD',
    requirements: ['S-13'],
    sentence:
      'If the protected resource request included an access token and failed authentication, the resource server SHOULD include the "error" attribute to provide the client with the reason why the access request was declined.',
    link: pages.bearer,
    change: 'Add error="invalid_token" to the challenge if the request had a token.',
    check: ({ invalidToken }) => {
      const answer = invalidToken?.answer
      const header = answer?.headers['www-authenticate']
      if (invalidToken === undefined || answer?.status !== 401 || header === undefined) return []
      const challenge = readBearerChallenge(header)
      if (challenge === undefined || challenge.error !== undefined) return []
      return [
        {
          message: 'The challenge to an invalid token has no error.',
          evidence: [quoteHeader(invalidToken, 'www-authenticate')],
        },
      ]
    },
  },
]
