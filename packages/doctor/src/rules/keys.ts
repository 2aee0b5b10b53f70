import type { Evidence } from '../evidence/evidence.ts'
import { documentOf, isRecord } from '../lib/json.ts'
import type { Exchange } from '../observations/observations.ts'
import { privateKeyMembers } from '../observations/remove-secrets.ts'
import { quoteExchange } from './quotes.ts'
import type { Rule } from './rule.ts'

const step = 'server-metadata'
const concerns = 'authorization-server'

/** Rules about the key set of the authorization server. */
export const keyRules: readonly Rule[] = [
  {
    id: 'key-set-unusable',
    title: 'The key set of the authorization server cannot be read',
    why: 'The MCP server cannot verify any access token, so it refuses all of them, even new ones.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: ['S-12'],
    link: 'https://www.rfc-editor.org/rfc/rfc7517#section-5',
    change: 'Serve a JWK Set at jwks_uri. MCP servers need it to verify access tokens.',
    check: (evidence) =>
      keySets(evidence)
        .filter((exchange) => exchange.failure?.reason !== 'tls' && keysOf(exchange) === undefined)
        .map((exchange) => ({
          message: `${exchange.url} is the jwks_uri of the metadata and has no key set.`,
          evidence: [quoteExchange(exchange)],
        })),
  },
  {
    id: 'key-set-empty',
    title: 'The key set of the authorization server is empty',
    why: 'The MCP server finds no key for any token, so it refuses all of them.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: ['S-12'],
    link: 'https://www.rfc-editor.org/rfc/rfc7517#section-5.1',
    change: 'Publish the signing keys, or leave out jwks_uri if access tokens are opaque.',
    check: (evidence) =>
      keySets(evidence)
        .filter((exchange) => keysOf(exchange)?.length === 0)
        .map((exchange) => ({
          message: `${exchange.url} lists no keys, so no signature can be verified with it.`,
          evidence: [quoteExchange(exchange, 'keys: []')],
        })),
  },
  {
    id: 'key-set-private',
    title: 'The key set contains a private or symmetric key',
    why: 'Anyone who reads the key can sign tokens for every user, and no server can tell them from real ones.',
    step,
    concerns,
    keyword: 'MUST NOT',
    requirements: [],
    sentence: 'The JWK Set MUST NOT contain private or symmetric key values.',
    link: 'https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata',
    change: 'Remove it at once, and replace the keys: anyone can sign tokens with them.',
    check: (evidence) =>
      keySets(evidence).flatMap((exchange) => {
        const members = new Set(
          (keysOf(exchange) ?? []).flatMap((key) =>
            isRecord(key) ? privateKeyMembers.filter((member) => key[member] !== undefined) : [],
          ),
        )
        if (members.size === 0) return []
        return [
          {
            message: `${exchange.url} publishes keys with the members ${[...members].join(', ')}.`,
            // The value is not quoted.
            evidence: [quoteExchange(exchange)],
          },
        ]
      }),
  },
]

function keySets({ observations, servers }: Evidence): readonly Exchange[] {
  const used = new Set(servers.map(({ metadata }) => metadata?.jwks_uri))
  const found = observations.exchanges.filter(({ purpose }) => purpose === 'key-set')
  // Of a chain of redirects, the last answer counts.
  return [...used].flatMap((url) => {
    const start = found.findIndex((exchange) => exchange.url === url)
    if (url === undefined || start === -1) return []
    const issuer = found[start]?.issuer
    const chain = found.slice(start).filter((exchange) => exchange.issuer === issuer)
    const last = chain.find(
      ({ answer }) => answer === undefined || answer.status < 300 || answer.status >= 400,
    )
    return [last ?? chain[0]].filter((one) => one !== undefined)
  })
}

function keysOf({ answer }: Exchange): readonly unknown[] | undefined {
  if (answer?.status !== 200) return undefined
  const keys = documentOf(answer.body)?.['keys']
  return Array.isArray(keys) ? keys : undefined
}
