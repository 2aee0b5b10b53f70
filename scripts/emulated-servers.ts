/**
 * Writes the page of emulated servers from their data. With `--check`, only reports whether the page
 * is up to date.
 *
 *     node scripts/emulated-servers.ts [--check]
 */
import { behaviorsOf, emulatedServers } from '../apps/reference-as/src/emulation/servers/catalog.ts'
import type {
  Behavior,
  EmulatedServer,
} from '../apps/reference-as/src/emulation/servers/emulated-server.ts'
import { writeGeneratedPage } from './generated-page.ts'
import { referenceOf, sentence } from './provider-pages/words.ts'

await writeGeneratedPage('reference/emulated-servers.md', generatePage(), 'emulated-servers')

function generatePage(): string {
  return `---
title: Emulated servers
description: How authorization servers handle refresh tokens, each behavior with its source
---

# Emulated servers

How ${emulatedServers.length} authorization servers handle refresh tokens and the requests around them. With \`--emulate NAME\`, the [reference authorization server](https://github.com/evergrant/evergrant/tree/main/apps/reference-as) behaves like one of them, so that you can try a client with all of them. Its command \`products NAME\` prints the data below. [\`emulated-server.ts\`](https://github.com/evergrant/evergrant/blob/main/apps/reference-as/src/emulation/servers/emulated-server.ts) explains each value.

Each behavior has a status: **measured** at the named version, **documented** in the product's documentation or source, or **inferred** from second-hand, old or indirect information. Behaviors without a source are left out and not emulated, with one exception: dynamic registration is offered when no source says whether a product has it and a client has no other way to become known. \`products NAME\` says where that applies. Products change. Corrections with a source are welcome.

This page is generated from the data by \`pnpm emulated-servers\`.

| Name | Product | Issues a refresh token for | \`offline_access\` | Rotation | Reuse |
| --- | --- | --- | --- | --- | --- |
${emulatedServers.map(summaryRow).join('\n')}

${emulatedServers.map(section).join('\n\n')}
`
}

function summaryRow({ name, product, behaviors }: EmulatedServer): string {
  const { refreshTokenFor, offlineAccess, rotation, reuse } = behaviors
  const cells = [refreshTokenFor, offlineAccess, rotation, reuse].map((one) => one?.value ?? '?')
  return `| [${name}](#${name}) | ${[product, ...cells].join(' | ')} |`
}

function section(server: EmulatedServer): string {
  const notes = server.notes.map(({ value, ...known }) => `- ${sentence(value)} ${cite(known)}`)
  return [
    `## ${server.name}`,
    '',
    server.product,
    '',
    '| Behavior | Value | Source and date |',
    '| --- | --- | --- |',
    ...behaviorsOf(server).map(
      ([name, { value, ...known }]) => `| \`${name}\` | ${value} | ${cite(known)} |`,
    ),
    ...(notes.length === 0 ? [] : ['', 'Also known, and not emulated:', '', ...notes]),
  ].join('\n')
}

function cite({ status, source, date }: Omit<Behavior<unknown>, 'value'>): string {
  const { title, url } = referenceOf(source)
  const host = url === undefined ? undefined : new URL(url).hostname
  const label = host === 'github.com' ? title : (host ?? title)
  return `${status}: ${url === undefined ? label : `[${label}](${url})`}, ${date}`
}
