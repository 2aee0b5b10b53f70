import type { TemplateOptions } from './options.ts'
import type { Workspace } from './workspaces.ts'

/** What the README of a project is made of. */
export interface ReadmeSources {
  readonly options: TemplateOptions
  /** The workspaces that remain, with their new names. */
  readonly workspaces: readonly Workspace[]
  /** The version of pnpm, such as `pnpm@12.21.0`. */
  readonly packageManager: string
  /** Libraries that come from npm. */
  readonly libraries: readonly Workspace[]
  readonly hasScript: (name: string) => boolean
}

/** What tests need beyond Node.js, and the workspaces whose tests need it. */
const testNeeds: readonly (readonly [row: string, workspaces: readonly string[]])[] = [
  [
    'pages in a browser | Chromium or Chrome | `PREFIX_CHROMIUM`: path of the executable',
    ['apps/docs', 'apps/reference-as', 'tests/e2e'],
  ],
  [
    'PostgreSQL | PostgreSQL, then run `node scripts/test-services.ts -- pnpm test` | `PREFIX_TEST_POSTGRES_URL`',
    ['apps/reference-as', 'apps/refresh-worker', 'packages/client'],
  ],
  [
    'Redis | Redis 7 or newer, then run the same command | `PREFIX_TEST_REDIS_URL`',
    ['apps/refresh-worker', 'packages/client'],
  ],
  [
    'the Linux keychain | `dbus-run-session` and `gnome-keyring-daemon` | ',
    ['apps/reference-client', 'packages/client'],
  ],
]

/** The README of a project. */
export function readmeText(sources: ReadmeSources): string {
  const { options, workspaces, packageManager, libraries, hasScript } = sources
  const { names } = options
  const pnpm = `npx -y ${packageManager}`
  const folders = new Set(workspaces.map(({ folder }) => folder))
  const needs = testNeeds.filter(([, users]) => users.some((user) => folders.has(user)))
  const commands = [
    ['build everything', 'build'],
    ['run the tests', 'test'],
    ['do what CI does', 'check'],
    ['see it work', 'demo'],
    ['see the refresh worker work, with PostgreSQL', 'demo:worker'],
  ].filter(([, script = '']) => hasScript(script))
  return `${[
    `# ${names.displayName}`,
    '',
    'You need Node.js with npm. The first command installs the right Node.js and pnpm in `node_modules`.',
    '',
    '| To | Run |',
    '| --- | --- |',
    ...commands.map(([purpose, script]) => `| ${purpose} | \`${pnpm} ${script}\` |`),
    '',
    '## What is in it',
    '',
    '| Folder | Contents |',
    '| --- | --- |',
    ...workspaces.map(
      ({ folder, description }) => `| [\`${folder}\`](${folder}) | ${description} |`,
    ),
    ...librariesText(libraries, options),
    '',
    ...(needs.length === 0
      ? []
      : [
          '## What the tests need',
          '',
          'Some tests need a server or a program. Without it they do not run, and the last line of `pnpm test` lists them.',
          '',
          '| For | Install | Or set |',
          '| --- | --- | --- |',
          ...needs.map(([row]) => `| ${row.replace('PREFIX_', names.environmentPrefix)} |`),
          '',
        ]),
    '## Where it comes from',
    '',
    `Made from [Evergrant](https://github.com/evergrant/evergrant), the reference implementation of SEP-2207. Its [documentation](https://evergrant.github.io) explains how the parts work. [LICENSE](LICENSE) contains its notice.`,
  ].join('\n')}\n`
}

function librariesText(
  libraries: readonly Workspace[],
  { tarballs }: TemplateOptions,
): readonly string[] {
  if (libraries.length === 0) return []
  const names = libraries.map(({ name }) => `\`${name}\``).join(', ')
  return [
    '',
    tarballs === undefined
      ? `From npm: ${names}.`
      : `From the folder [\`vendor\`](vendor): ${names}. When they are on npm, remove \`overrides\` in \`pnpm-workspace.yaml\` and the folder.`,
  ]
}
