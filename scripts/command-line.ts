/**
 * Writes the page of the command lines from the output of `--help`, and the tables of options in
 * other pages from their definitions. With `--check`, only reports whether
 * they are up to date.
 *
 *     node scripts/command-line.ts [--check]
 */
import { execFile } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { proxyFlags } from '../apps/reference-client/src/proxy/flags/table.ts'
import type { ProxyFlag } from '../apps/reference-client/src/proxy/flags/table.ts'
import { clientMembers } from '../apps/reference-as/src/settings/client-members.ts'
import { defaultOf, settings } from '../apps/reference-as/src/settings/settings-table.ts'
import {
  runOptions,
  storeOptions,
  variableOf,
} from '../apps/refresh-worker/src/settings/option-table.ts'
import type { OptionRow } from '../apps/refresh-worker/src/settings/option-table.ts'
import { writeGeneratedPage, writeGeneratedSection } from './generated-page.ts'

interface Program {
  readonly name: string
  readonly main: string
  readonly about: string
  readonly commands: readonly string[]
}

const programs: readonly Program[] = [
  {
    name: 'evergrant',
    main: 'apps/reference-client/src/main.ts',
    about:
      'The [reference client](https://github.com/evergrant/evergrant/tree/main/apps/reference-client). See [exit codes and environment variables](exit-codes-and-variables.md).',
    commands: [
      'login',
      'status',
      'token',
      'logout',
      'tools',
      'call',
      'resources',
      'read',
      'prompts',
      'prompt',
      'doctor',
      'completion',
      'proxy',
      'config',
      'import mcp-remote',
    ],
  },
  {
    name: 'evergrant-as',
    main: 'apps/reference-as/src/main.ts',
    about:
      'The [reference authorization server](https://github.com/evergrant/evergrant/tree/main/apps/reference-as). Exit codes: 0 done, 2 usage, 4 the server could not do it.',
    commands: [
      'serve',
      'products',
      'users add',
      'users remove',
      'users list',
      'keys rotate',
      'keys list',
    ],
  },
  {
    name: 'evergrant-mcp-server',
    main: 'apps/reference-mcp-server/src/main.ts',
    about:
      'The [reference MCP server](https://github.com/evergrant/evergrant/tree/main/apps/reference-mcp-server).',
    commands: ['serve'],
  },
  {
    name: 'evergrant-worker',
    main: 'apps/refresh-worker/src/main.ts',
    about:
      'The [refresh worker](https://github.com/evergrant/evergrant/tree/main/apps/refresh-worker). The [guide](../guides/refresh-worker.md) explains its exit codes.',
    commands: ['run', 'status', 'reencrypt'],
  },
]

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '..')

const sections: string[] = []
for (const program of programs) {
  sections.push(`## ${program.name}\n\n${program.about}`)
  for (const command of program.commands) {
    const help = await helpOf(program, command)
    sections.push(`### ${program.name} ${command}\n\n\`\`\`text\n${help}\n\`\`\``)
  }
}

await writeGeneratedPage(
  'reference/command-line.md',
  `---
title: Command line
description: Commands and options of evergrant, evergrant-as, evergrant-mcp-server and evergrant-worker
---

# Command line

This page is generated from the output of \`--help\` by \`pnpm command-line\`.

${sections.join('\n\n')}
`,
  'command-line',
)

await writeGeneratedSection(
  'docs/reference/server-configuration.md',
  'settings',
  settings.map(settingItem).join('\n'),
  'command-line',
)

await writeGeneratedSection(
  'docs/reference/server-configuration.md',
  'clients',
  clientMembers
    .map(({ name, defaultText, help }) => {
      const absent = defaultText === 'required' ? 'Required' : `Default: ${defaultText}`
      return listItem(name, help, absent)
    })
    .join('\n'),
  'command-line',
)

await writeGeneratedSection(
  'docs/guides/proxy.md',
  'proxy-options',
  [
    '| Option | What it does | mcp-remote |',
    '| --- | --- | --- |',
    ...proxyFlags.map(flagRow),
  ].join('\n'),
  'command-line',
)

await writeGeneratedSection(
  'docs/guides/refresh-worker.md',
  'worker-options',
  [
    '| Option | Variable | Default | |',
    '| --- | --- | --- | --- |',
    ...[...storeOptions, ...runOptions].map(optionRow),
  ].join('\n'),
  'command-line',
)

function optionRow({ name, value, help, defaultText, many }: OptionRow): string {
  const flag = value === undefined ? `--${name}` : `--${name} <${value}>`
  const repeated = many === true ? '; the variable separates files with commas' : ''
  return `| \`${flag}\` | \`${variableOf(name)}\` | ${defaultText ?? '–'} | ${escaped(help)}${repeated} |`
}

function flagRow({ flags, description, mcpRemote, difference, refused }: ProxyFlag): string {
  const [name = '', value] = flags.split(' ', 2)
  const spelled = value === undefined ? name : `${name} ${value}`
  const what = refused === undefined ? description : `refused. ${refused}`
  const compared = difference ?? (refused === undefined ? 'the same' : '')
  return `| \`${spelled}\` | ${escaped(what)} | ${mcpRemote === true ? escaped(compared) : '–'} |`
}

/** In MDX, a brace starts an expression. */
function escaped(text: string): string {
  return text.replaceAll(/\$\{\w+\}/g, '`$&`').replaceAll('|', String.raw`\|`)
}

function settingItem(setting: (typeof settings)[number]): string {
  const { name, kind, help, details } = setting
  const place = kind.flag === 'file-only' ? ['in the file only'] : []
  const text = [help, ...(details === undefined ? [] : [details]), ...place].join('; ')
  const byDefault = defaultOf(setting)
  return listItem(name, text, byDefault === undefined ? undefined : `Default: ${byDefault}`)
}

/** A list and not a table: on a phone, the last column of a table is out of sight. */
function listItem(name: string, text: string, byDefault: string | undefined): string {
  return `- \`${name}\`: ${text}.${byDefault === undefined ? '' : ` ${byDefault}.`}`
}

async function helpOf({ main }: Program, command: string): Promise<string> {
  const { stdout } = await run(
    process.execPath,
    ['--conditions=workspace:source', main, ...command.split(' '), '--help'],
    { cwd: root },
  )
  return stdout.trim()
}
