/**
 * `pnpm template`: makes your own project of a clone. `--help` lists the options.
 *
 *     node scripts/template/main.ts [options]
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { applyTemplate } from './apply.ts'
import { help, OptionError, readArguments, resolveOptions } from './options.ts'
import type { Given, TemplateOptions } from './options.ts'
import { isDirty } from './tree.ts'
import { readWorkspaces } from './workspaces.ts'

const root = path.resolve(import.meta.dirname, '..', '..')

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof OptionError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}

async function main(args: readonly string[]): Promise<void> {
  const { given, run, help: isHelp } = readArguments(args)
  if (isHelp) {
    process.stdout.write(help)
    return
  }
  if (!run.force && isDirty(root)) {
    throw new OptionError(
      'The working tree has changes that are not committed (expected none, so that git can show what the template changes). Commit or stash them, or pass --force.',
    )
  }
  const apps = Object.fromEntries(
    readWorkspaces(root)
      .filter(({ folder }) => folder.startsWith('apps/'))
      .map(({ folder, description }) => [folder.slice('apps/'.length), description]),
  )
  const values = run.yes ? given : await asked(given, apps)
  if (values === undefined) {
    process.exitCode = 1
    return
  }
  const options = resolveOptions(values, Object.keys(apps))
  applyTemplate(root, withAbsolutePaths(options))
  if (run.install) {
    pnpm(['install', '--no-frozen-lockfile', '--prefer-offline'])
    pnpm(['exec', 'oxfmt'])
  }
  process.stdout.write(nextSteps(options, run.install))
}

/** The prompts are loaded only for a user who is asked. */
async function asked(
  given: Given,
  apps: Readonly<Record<string, string>>,
): Promise<Given | undefined> {
  if (!process.stdin.isTTY) {
    throw new OptionError(
      'The template cannot ask: standard input is not a terminal. Pass --yes, and the values as options (see --help).',
    )
  }
  const { ask } = await import('./prompts.ts')
  return await ask(given, apps)
}

/** pnpm runs a script in the root, and a user names a folder from there. */
function withAbsolutePaths(options: TemplateOptions): TemplateOptions {
  const { tarballs } = options
  return { ...options, tarballs: tarballs === undefined ? undefined : path.resolve(tarballs) }
}

function pnpm(parameters: readonly string[]): void {
  const { status, error } = spawnSync('pnpm', parameters, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CI: 'true' },
    // On Windows pnpm is a .cmd file, which only a shell runs.
    shell: process.platform === 'win32',
  })
  if (status === 0) return
  throw new OptionError(
    `pnpm ${parameters.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}. The files are changed. Correct the cause, then run: pnpm install && pnpm format`,
  )
}

function nextSteps({ names, license }: TemplateOptions, isInstalled: boolean): string {
  return [
    '',
    `This is ${names.displayName} now. Nothing is committed.`,
    '',
    ...(isInstalled ? [] : ['  pnpm install && pnpm format']),
    '  git diff --stat       what changed',
    '  pnpm check            do what CI does',
    `  git remote set-url origin ${names.repository}`,
    ...(license === 'MIT' || license === 'UNLICENSED'
      ? []
      : [`  LICENSE               put the text of ${license} into it`]),
    '',
    'SECURITY.md and CODE_OF_CONDUCT.md make promises in your name: read them.',
    '',
  ].join('\n')
}
