/**
 * Writes the page of server profiles from their data; with `--check` it only says whether the page
 * is what the data make.
 *
 *     node scripts/profiles.ts [--check]
 */
import type { Behaviour, ServerProfile } from '../packages/authorization-server/src/profiles.ts'
import { behavioursOf, serverProfiles } from '../packages/authorization-server/src/profiles.ts'
import { keepMadePage } from './made-page.ts'

await keepMadePage('reference/profiles.md', makePage(), 'profiles')

function makePage(): string {
  return `---
title: Server profiles
description: What authorization servers do about refresh tokens, each behaviour with its source
---

# Server profiles

How ${serverProfiles.length} authorization servers behave, as far as refresh tokens and the requests around them go. The option \`--profile NAME\` makes the [reference authorization server](https://github.com/evergrant/evergrant/tree/main/apps/reference-as) behave like one of them, so that a client can be tried against all; its command \`profiles NAME\` prints what is below. The data are \`serverProfiles\` of \`@evergrant/authorization-server/profiles\`, where each value is explained.

Each behaviour says how it is known: **measured** at the version named, **documented** in the product's documentation or source, or **inferred**: second-hand, old, or concluded from something else. What has no source is left out, and not emulated, but for one thing: dynamic registration, where no source says whether a product has it and no client could get in without it; \`profiles NAME\` names it there. Products change; a correction with a source is welcome.

This page is made from the data by \`pnpm profiles\`.

| Profile | Product | A refresh token comes | \`offline_access\` | Rotation | Reuse |
| --- | --- | --- | --- | --- | --- |
${serverProfiles.map(summaryRow).join('\n')}

${serverProfiles.map(section).join('\n\n')}
`
}

function summaryRow({ name, product, behaviours }: ServerProfile): string {
  const { refreshTokenFor, offlineAccess, rotation, reuse } = behaviours
  const cells = [refreshTokenFor, offlineAccess, rotation, reuse].map((one) => one?.value ?? '?')
  return `| [${name}](#${name}) | ${[product, ...cells].join(' | ')} |`
}

function section(profile: ServerProfile): string {
  const notes = profile.notes.map(({ value, ...known }) => `- ${sentence(value)} ${cite(known)}`)
  return [
    `## ${profile.name}`,
    '',
    profile.product,
    '',
    '| Behaviour | | Known from |',
    '| --- | --- | --- |',
    ...behavioursOf(profile).map(
      ([name, { value, ...known }]) => `| \`${name}\` | ${value} | ${cite(known)} |`,
    ),
    ...(notes.length === 0 ? [] : ['', 'Besides, and not emulated:', '', ...notes]),
  ].join('\n')
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function cite({ status, source }: Omit<Behaviour<unknown>, 'value'>): string {
  const url = URL.parse(source)
  return `${status}: ${url?.protocol === 'https:' ? `[${url.hostname}](${source})` : source}`
}
