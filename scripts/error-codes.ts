/**
 * Writes the page of error codes from the unions they are declared in; with `--check` it only says
 * whether the page is what the sources make.
 *
 *     node scripts/error-codes.ts [--check]
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { keepMadePage } from './made-page.ts'

interface Codes {
  readonly title: string
  readonly intro: string
  readonly file: string
  readonly union: string
}

const all: readonly Codes[] = [
  {
    title: '@evergrant/client',
    intro: '`EvergrantClientError`, recognised by `EvergrantClientError.is(error)`.',
    file: 'packages/client/src/lib/errors.ts',
    union: 'EvergrantClientErrorCode',
  },
  {
    title: 'Why a person has to sign in',
    intro: '`signInReason`, with the code `SIGN_IN_REQUIRED`.',
    file: 'packages/client/src/lib/errors.ts',
    union: 'SignInReason',
  },
  {
    title: '@evergrant/client/guarded-fetch',
    intro: '`EgressError`, recognised by `EgressError.is(error)`: the guard refused a connection.',
    file: 'packages/client/src/protocol/egress-error.ts',
    union: 'EgressErrorCode',
  },
  {
    title: 'evergrant',
    intro: 'The command line adds these; in `--json` they stand in `error.code`.',
    file: 'apps/reference-client/src/lib/errors.ts',
    union: 'CliErrorCode',
  },
  {
    title: '@evergrant/core',
    intro: '`ProtocolError`: what a parser was given is not what it should be.',
    file: 'packages/core/src/lib/errors.ts',
    union: 'ProtocolErrorCode',
  },
  {
    title: '@evergrant/resource-server',
    intro:
      '`ResourceServerError`. What a request does wrong is a decision with a reason, not an error.',
    file: 'packages/resource-server/src/lib/errors.ts',
    union: 'ResourceServerErrorCode',
  },
  {
    title: '@evergrant/authorization-server',
    intro: '`AuthorizationServerError`. Outcomes of token requests are values, not errors.',
    file: 'packages/authorization-server/src/lib/errors.ts',
    union: 'AuthorizationServerErrorCode',
  },
  {
    title: 'evergrant-as',
    intro:
      'What keeps the reference authorization server from starting, or a command from finishing.',
    file: 'apps/reference-as/src/errors.ts',
    union: 'ReferenceServerErrorCode',
  },
]

const sections = await Promise.all(all.map(async (one) => await section(one)))

await keepMadePage(
  'reference/errors.md',
  `---
title: Error codes
description: Every code an error of Evergrant can have, and what it means
---

# Error codes

Every error has a \`code\`, which stays, a \`message\` that says what to do next, and often a \`cause\`. None of them carries a token, a code or a secret. What to do about the ones that people meet is in [Troubleshooting](../guides/troubleshooting.md).

This page is made from the sources by \`pnpm error-codes\`.

${sections.join('\n\n')}
`,
  'error-codes',
)

async function section({ title, intro, file, union }: Codes): Promise<string> {
  const text = await readFile(path.resolve(import.meta.dirname, '..', file), 'utf8')
  const start = text.indexOf(`export type ${union} =`)
  if (start === -1) throw new Error(`${file} declares no ${union}`)
  // A union ends with the blank line after it.
  const [declaration = ''] = text.slice(start).split('\n\n')
  const members = [...declaration.matchAll(/\/\*\*(.*?)\*\/\s*\| '([^']+)'/gs)]
  const declared = [...declaration.matchAll(/\| '/g)]
  if (members.length === 0 || members.length !== declared.length) {
    throw new Error(`${file}: each member of ${union} needs a comment of its own`)
  }
  const rows = members.map(
    ([, comment = '', code = '']) => `| \`${code}\` | ${sentence(comment)} |`,
  )
  return [`## ${title}`, '', intro, '', '| | Meaning |', '| --- | --- |', ...rows].join('\n')
}

/** A comment as one line of Markdown in a table. */
function sentence(comment: string): string {
  return comment
    .replaceAll(/^\s*\* ?/gm, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim()
}
