/**
 * Writes the page of the doctor's rules from their data. With `--check`, only reports whether the page
 * is up to date.
 *
 *     node --conditions=evergrant:source scripts/doctor-rules.ts [--check]
 */
import { clientBehaviors, rules, severityOf, steps } from '../packages/doctor/src/index.ts'
import type { Concern, Rule } from '../packages/doctor/src/index.ts'
import { writeGeneratedPage } from './generated-page.ts'

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

await writeGeneratedPage('reference/doctor-rules.md', page(), 'doctor-rules')

function page(): string {
  return `---
title: Rules of the doctor
description: Every rule of evergrant doctor, with its source and what to change
---

# Rules of the doctor

\`evergrant doctor\` has ${rules.length} rules. [The guide](../guides/doctor.md) explains how to use it. The ID of a rule is stable.

The severity follows the keyword of the source: MUST and MUST NOT are errors, SHOULD and SHOULD NOT are warnings, MAY is a note. **OURS** marks what no source requires and Evergrant does, **OBSERVED** an observation that is worth knowing: both are notes. **BLOCKING** marks an observation that no source has a keyword for, and after which no client can continue: an error.

${steps.map(section).join('\n\n')}

## Measured clients

The verdicts are made from the behavior of these versions. "Stops" means that the client does not reach the authorization page at the broken server of the rule.

${clientBehaviors.map(client).join('\n\n')}

\`pnpm doctor-rules\` generates this page from [the rules](https://github.com/evergrant/evergrant/tree/main/packages/doctor/src/rules).
`
}

function section(step: (typeof steps)[number]): string {
  const own = rules.filter((rule) => rule.step === step)
  return [`## ${title(step)}`, ...own.map(describe)].join('\n\n')
}

function title(step: string): string {
  const words = step.replaceAll('-', ' ')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

function describe({
  id,
  title: text,
  keyword,
  concerns: who,
  requirements,
  sentence,
  link,
  change,
}: Rule): string {
  const ids = requirements.map((one) => `[${one}](requirements.md#${one.toLowerCase()})`)
  return [
    `### ${id}`,
    `${text}.`,
    `- ${[severityOf(keyword), keyword, concerns[who], ...ids].join(' · ')}`,
    `- Change: ${escaped(change)}`,
    ...(sentence === undefined ? [] : [`- [Source](${link}): “${escaped(sentence)}”`]),
    ...(sentence === undefined ? [`- [More](${link})`] : []),
  ]
    .join('\n')
    .replace(`### ${id}\n`, `### ${id}\n\n`)
    .replace(`${text}.\n`, `${text}.\n\n`)
}

/** Braces and angle brackets would be read as components. */
function escaped(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('{', '&#123;')
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
    `- Stops at: ${stopsAt.map((rule) => `[${rule}](#${rule})`).join(', ')}`,
    `- Measured: ${method}`,
  ].join('\n')
}
