import { clientBehaviors, rules, severityOf, steps } from '../../packages/doctor/src/index.ts'
import type { Concern, Rule } from '../../packages/doctor/src/index.ts'
import type { Example } from './examples.ts'

const concerns: Readonly<Record<Concern, string>> = {
  'mcp-server': 'MCP server',
  'authorization-server': 'Authorization server',
  client: 'Client',
}

const refreshes = {
  one: 'one refresh',
  'one-per-call': 'one refresh for each call',
  'one-after-another': 'one refresh after another',
} as const

/** The list of all rules. */
export function indexPage(): string {
  return `---
title: Rules of the doctor
description: Every rule of evergrant doctor, with its source and what to change
---

# Rules of the doctor

\`evergrant doctor\` has ${rules.length} rules. [The guide](../../guides/doctor.md) explains how to use it. The ID of a rule is stable.

The severity follows the keyword of the source: MUST and MUST NOT are errors, SHOULD and SHOULD NOT are warnings, MAY is a note. **OURS** marks what no source requires and Evergrant does, **OBSERVED** an observation that is worth knowing: both are notes. **BLOCKING** marks what no source has a keyword for, and what stops clients or ends sign-ins: an error.

${steps.map(section).join('\n\n')}

## Measured clients

The verdicts are made from the behavior of these versions. "Stops" means that the client does not reach the authorization page at the broken server of the rule.

${clientBehaviors.map(client).join('\n\n')}

\`pnpm doctor-rules\` generates these pages from [the rules](https://github.com/evergrant/evergrant/tree/main/packages/doctor/src/rules) and from the servers of their tests.
`
}

function section(step: (typeof steps)[number]): string {
  const own = rules.filter((rule) => rule.step === step)
  const items = own.map(({ id, title, keyword }) => {
    return `- [${id}](${id}.md): ${escaped(title)} (${severityOf(keyword)})`
  })
  return `## ${titleOf(step)}\n\n${items.join('\n')}`
}

function titleOf(step: string): string {
  const words = step.replaceAll('-', ' ')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

/** The page of one rule. */
export function rulePage(rule: Rule, example: Example): string {
  const { wrong, right, messages, measuredWith } = example
  const { id, title, why, keyword, concerns: who, requirements, sentence, link, change } = rule
  const ids = requirements.map((one) => `[${one}](../requirements.md#${one.toLowerCase()})`)
  const heading = escaped(title)
  return `---
title: ${JSON.stringify(title)}
description: ${JSON.stringify(`${id}: ${why}`)}
displayed_sidebar: docs
---

# ${heading}

\`${id}\` · ${[severityOf(keyword), keyword, concerns[who], ...ids].join(' · ')}

${escaped(why)}

## Wrong

${measuredWith === undefined ? '' : `A part of the report of \`evergrant doctor <mcp-url> ${measuredWith} --json\`:\n\n`}${wrong}

The doctor says:

${messages.map((message) => `> ${escaped(message)}`).join('\n>\n')}

## Right

${right}

${escaped(change)}

## Source

${sentence === undefined ? `No source has a keyword for it. Background: [${nameOf(link)}](${link}).` : `> ${escaped(sentence)}\n> ([${nameOf(link)}](${link}))`}
${affected(rule)}
[All rules](index.md) · [Check a deployment](../../guides/doctor.md)
`
}

/** The document behind a link, as a reader knows it. */
function nameOf(link: string): string {
  const rfc = /rfc-editor\.org\/rfc\/rfc(\d+)(?:#section-([\d.]+))?/.exec(link)
  if (rfc !== null) return `RFC ${rfc[1]}${rfc[2] === undefined ? '' : ` §${rfc[2]}`}`
  const found = documents.find(([start]) => link.startsWith(start))
  if (found === undefined) throw new Error(`No name for ${link}`)
  return found[1]
}

const documents: readonly (readonly [start: string, name: string])[] = [
  ['https://modelcontextprotocol.io/specification/', 'the MCP specification'],
  ['https://modelcontextprotocol.io/seps/2207', 'SEP-2207'],
  ['https://openid.net/specs/openid-connect-core-1_0.html', 'OpenID Connect Core'],
  ['https://openid.net/specs/openid-connect-discovery-1_0.html', 'OpenID Connect Discovery'],
  ['https://fetch.spec.whatwg.org/', 'the Fetch standard'],
  [
    'https://datatracker.ietf.org/doc/draft-ietf-oauth-refresh-token-expiration',
    'the draft on refresh token expiration',
  ],
]

/** What the measured clients do there. The rules about a sign-in were not measured with them. */
function affected({ id, step }: Rule): string {
  if (step === 'refresh' || step === 'revocation') return ''
  const stopping = clientBehaviors.filter(({ stopsAt }) => stopsAt.includes(id))
  if (stopping.length === 0) return ''
  const names = stopping.map(({ name, version }) => `${name} ${version}`)
  return `\n## Clients that stop here\n\n${names.map((name) => `- ${name}`).join('\n')}\n\n[How this was measured](index.md#measured-clients).\n`
}

/** Angle brackets would be read as HTML. */
function escaped(text: string): string {
  return text.replaceAll('<', '&lt;')
}

function client({
  name,
  version,
  method,
  stopsAt,
  requestsOfflineAccess,
  declaresRefreshGrant,
  concurrentRefreshes,
}: (typeof clientBehaviors)[number]): string {
  return [
    `### ${name} ${version}`,
    '',
    `- Declares the \`refresh_token\` grant: ${declaresRefreshGrant.replaceAll('-', ' ')}`,
    `- Requests \`offline_access\`: ${requestsOfflineAccess.replaceAll('-', ' ')}`,
    `- Concurrent calls that see an expired token: ${refreshes[concurrentRefreshes]}`,
    `- Stops at: ${stopsAt.map((rule) => `[${rule}](${rule}.md)`).join(', ')}`,
    `- Measured: ${method}`,
  ].join('\n')
}
