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

The severity follows the keyword of the source: MUST and MUST NOT are errors, SHOULD and SHOULD NOT are warnings, MAY is a note. **OURS** marks what no source requires and Evergrant does, **OBSERVED** an observation that is worth knowing: both are notes. **BLOCKING** marks an observation that no source has a keyword for, and after which no client can continue: an error.

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
export function rulePage(rule: Rule, { wrong, right, messages }: Example): string {
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

${wrong}

The doctor says:

${messages.map((message) => `> ${escaped(message)}`).join('\n>\n')}

## Right

${right}

${escaped(change)}

## Source

${sentence === undefined ? `No source has a keyword for it. [More](${link}).` : `> ${escaped(sentence)}\n> ([source](${link}))`}
${affected(rule)}
[All rules](index.md) · [Check a deployment](../../guides/doctor.md)
`
}

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
