/**
 * Generates the page of error codes from the unions that declare them. With `--check`, it fails if the
 * page is out of date.
 *
 *     node scripts/error-codes.ts [--check]
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeGeneratedPage } from './generated-page.ts'

interface Codes {
  readonly title: string
  readonly intro: string
  readonly file: string
  readonly union: string
}

const all: readonly Codes[] = [
  {
    title: '@evergrant/client',
    intro: '`EvergrantClientError`, identified by `EvergrantClientError.is(error)`.',
    file: 'packages/client/src/lib/errors.ts',
    union: 'EvergrantClientErrorCode',
  },
  {
    title: 'Why the user must sign in',
    intro: '`signInReason`, with the code `SIGN_IN_REQUIRED`.',
    file: 'packages/client/src/lib/errors.ts',
    union: 'SignInReason',
  },
  {
    title: '@evergrant/client/guarded-fetch',
    intro: '`EgressError`, identified by `EgressError.is(error)`: the guard refused a connection.',
    file: 'packages/client/src/protocol/egress-error.ts',
    union: 'EgressErrorCode',
  },
  {
    title: 'evergrant',
    intro: 'The command line adds these codes. With `--json`, they are in `error.code`.',
    file: 'apps/reference-client/src/lib/errors.ts',
    union: 'CliErrorCode',
  },
  {
    title: '@evergrant/core',
    intro: '`ProtocolError`: the input of a parser is invalid.',
    file: 'packages/core/src/lib/errors.ts',
    union: 'ProtocolErrorCode',
  },
  {
    title: '@evergrant/resource-server',
    intro: '`ResourceServerError`. A refused request is a decision with a reason, not an error.',
    file: 'packages/resource-server/src/lib/errors.ts',
    union: 'ResourceServerErrorCode',
  },
  {
    title: '@evergrant/authorization-server',
    intro: '`AuthorizationServerError`. The outcome of a token request is a value, not an error.',
    file: 'packages/authorization-server/src/lib/errors.ts',
    union: 'AuthorizationServerErrorCode',
  },
  {
    title: '@evergrant/doctor',
    intro: '`DoctorError`. A fault of a server is a finding in the report, not an error.',
    file: 'packages/doctor/src/lib/errors.ts',
    union: 'DoctorErrorCode',
  },
  {
    title: 'evergrant-as',
    intro: 'The reference authorization server cannot start, or a command cannot finish.',
    file: 'apps/reference-as/src/errors.ts',
    union: 'ReferenceServerErrorCode',
  },
  {
    title: 'evergrant-worker',
    intro: 'The refresh worker cannot start or stop in order. The code is in its log.',
    file: 'apps/refresh-worker/src/lib/errors.ts',
    union: 'WorkerErrorCode',
  },
]

const sections = await Promise.all(all.map(async (one) => await section(one)))

await writeGeneratedPage(
  'reference/errors.md',
  `---
title: Error codes
description: Every error code of Evergrant, and what it means
---

# Error codes

Every error has a stable \`code\`, a \`message\` that says what to do next, and often a \`cause\`. No error contains a token, an authorization code or a secret. [Troubleshooting](../guides/troubleshooting.md) explains the common ones.

\`pnpm error-codes\` generates this page from the sources.

${sections.join('\n\n')}
`,
  'error-codes',
)

async function section({ title, intro, file, union }: Codes): Promise<string> {
  const text = await readFile(path.resolve(import.meta.dirname, '..', file), 'utf8')
  const start = text.indexOf(`export type ${union} =`)
  if (start === -1) throw new Error(`${file} declares no ${union}`)
  // A blank line ends the union.
  const [declaration = ''] = text.slice(start).split('\n\n')
  const members = [...declaration.matchAll(/\/\*\*(.*?)\*\/\s*\| '([^']+)'/gs)]
  const declared = [...declaration.matchAll(/\| '/g)]
  if (members.length === 0 || members.length !== declared.length) {
    throw new Error(`${file}: each member of ${union} needs its own comment`)
  }
  const rows = members.map(
    ([, comment = '', code = '']) => `| \`${code}\` | ${sentence(comment)} |`,
  )
  return [`## ${title}`, '', intro, '', '| | Meaning |', '| --- | --- |', ...rows].join('\n')
}

/** Formats a comment as one line of a Markdown table. */
function sentence(comment: string): string {
  return comment
    .replaceAll(/^\s*\* ?/gm, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim()
}
