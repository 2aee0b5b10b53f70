import { parseArgs } from 'node:util'
import type { Keep } from './closure.ts'
import { original } from './names.ts'
import type { Names } from './names.ts'

/** What a project is to be. */
export interface TemplateOptions {
  readonly names: Names
  /** An SPDX identifier, or `UNLICENSED`. */
  readonly license: string
  readonly keep: Keep
  /** Whether the libraries stay in the workspace, or come from npm. */
  readonly packages: 'workspace' | 'published'
  /** A folder of packed packages, which are used instead of the registry. */
  readonly tarballs: string | undefined
}

/** How the command runs. */
export interface RunOptions {
  readonly yes: boolean
  readonly force: boolean
  readonly install: boolean
}

/** A value that cannot be used. The message names the flag and what to do. */
export class OptionError extends Error {
  override readonly name = 'OptionError'
}

/** The values that were given, by flag. */
export type Given = Partial<Record<ValueFlag, string>>

type ValueFlag =
  | 'display-name'
  | 'env-prefix'
  | 'keep'
  | 'license'
  | 'name'
  | 'packages'
  | 'prefix'
  | 'repository'
  | 'scope'
  | 'site'
  | 'tarballs'

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const

export const help = `Turns a clone of this repository into your own project.

  pnpm template [options]

Without options it asks. What you do not give is derived from the name.

  --name <name>            acme-auth: commands, folders of data, unscoped packages
  --scope <scope>          npm scope, by default the name: @acme-auth
  --display-name <text>    by default the name in words: Acme Auth
  --env-prefix <prefix>    of environment variables, by default ACME_AUTH_
  --prefix <prefix>        of tables and metrics, by default acme_auth
  --license <id>           SPDX identifier or UNLICENSED, by default UNLICENSED
  --repository <url>       by default https://github.com/acme-auth/acme-auth
  --site <url>             home page, by default the repository
  --keep <apps>            folders of apps/, separated by commas, or all
  --packages <from>        workspace (default), or published: libraries come from npm
  --tarballs <folder>      with published: packed libraries instead of npm
  --yes                    ask nothing
  --force                  change a working tree that has uncommitted changes
  --no-install             do not run pnpm install and oxfmt
  --help
`

/**
 * Reads the command line.
 *
 * @throws OptionError
 */
export function readArguments(args: readonly string[]): {
  readonly given: Given
  readonly run: RunOptions
  readonly help: boolean
} {
  const values = parse(args)
  const { yes, force, 'no-install': noInstall, help: isHelp, ...given } = values
  return { given, run: { yes, force, install: !noInstall }, help: isHelp }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      // pnpm passes the separator on.
      args: args.filter((argument) => argument !== '--'),
      options: {
        name: text,
        scope: text,
        'display-name': text,
        'env-prefix': text,
        prefix: text,
        license: text,
        repository: text,
        site: text,
        keep: text,
        packages: text,
        tarballs: text,
        yes: flag,
        force: flag,
        'no-install': flag,
        help: flag,
      },
    }).values
  } catch (error) {
    throw new OptionError(`${error instanceof Error ? error.message : String(error)} See --help.`)
  }
}

/**
 * Checks the values, and derives those that are missing from the name.
 *
 * @param apps - The folders in `apps/`.
 * @throws OptionError
 */
export function resolveOptions(given: Given, apps: readonly string[]): TemplateOptions {
  const name = checked(given, 'name', given.name ?? '', isName, expected.name)
  const derived = derivedFrom(name)
  const scope = checked(
    given,
    'scope',
    `@${(given.scope ?? name).replace(/^@/, '')}`,
    (value) => /^@[a-z0-9][a-z0-9-]{0,60}$/.test(value) && value !== original.scope,
    'an npm scope such as @acme',
  )
  const repository = checked(
    given,
    'repository',
    (given.repository ?? `https://github.com/${scope.slice(1)}/${name}`).replace(
      /(?:\.git|\/)+$/,
      '',
    ),
    (value) => isHttpsUrl(value) && /^\/[\w.-]+\/[\w./-]+$/.test(new URL(value).pathname),
    'an https URL such as https://github.com/acme/acme-auth',
  )
  const packages = checked(
    given,
    'packages',
    given.packages ?? 'workspace',
    (value) => value === 'workspace' || value === 'published',
    'workspace or published',
  )
  const keep = readKeep(given, apps)
  checkCombination(given, packages, keep)
  return {
    names: {
      scope,
      name,
      displayName: checked(
        given,
        'display-name',
        given['display-name'] ?? derived.displayName,
        (value) => /^[\p{L}\p{N}](?:[\p{L}\p{N} .-]{0,38}[\p{L}\p{N}])?$/u.test(value),
        'up to 40 letters, digits, spaces, dots and hyphens, such as Acme Auth',
      ),
      environmentPrefix: checked(
        given,
        'env-prefix',
        given['env-prefix'] ?? derived.environmentPrefix,
        (value) => /^[A-Z][A-Z0-9_]{0,38}_$/.test(value),
        'capital letters, digits and underscores with an underscore at the end, such as ACME_AUTH_',
      ),
      prefix: checked(
        given,
        'prefix',
        given.prefix ?? derived.prefix,
        // Names in PostgreSQL have at most 63 characters.
        (value) => /^[a-z](?:[a-z0-9_]{0,22}[a-z0-9])?$/.test(value),
        'up to 24 lower-case letters, digits and underscores, such as acme_auth',
      ),
      repository,
      site: checked(
        given,
        'site',
        (given.site ?? repository).replace(/\/+$/, ''),
        isHttpsUrl,
        'an https URL such as https://auth.acme.example',
      ),
    },
    license: checked(
      given,
      'license',
      given.license ?? 'UNLICENSED',
      (value) => /^[A-Za-z0-9][A-Za-z0-9.+-]*$/.test(value),
      'an SPDX identifier such as MIT or Apache-2.0, or UNLICENSED',
    ),
    keep,
    packages: packages === 'published' ? 'published' : 'workspace',
    tarballs: given.tarballs,
  }
}

/** What the name says about the other names. */
export function derivedFrom(
  name: string,
): Pick<Names, 'displayName' | 'environmentPrefix' | 'prefix'> {
  const words = name.split('-')
  return {
    displayName: words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`).join(' '),
    environmentPrefix: `${words.join('_').toUpperCase()}_`,
    prefix: words.join('_').slice(0, 24).replace(/_$/, ''),
  }
}

const expected = {
  name: 'up to 40 lower-case letters, digits and single hyphens that start with a letter, such as acme-auth',
} as const

/** For a prompt: what is wrong with a name. */
export function nameProblem(name: string): string | undefined {
  return isName(name) ? undefined : `Expected ${expected.name}.`
}

function isName(value: string): boolean {
  return (
    /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(value) &&
    value.length <= 40 &&
    !value.includes(original.name)
  )
}

function isHttpsUrl(value: string): boolean {
  return URL.canParse(value) && new URL(value).protocol === 'https:' && !/[\s'"`]/.test(value)
}

function readKeep({ keep = 'all' }: Given, apps: readonly string[]): Keep {
  if (keep === 'all') return 'all'
  const names = keep.split(',').map((name) => name.trim())
  const choices = apps.filter((app) => app !== 'docs')
  const unknown = names.filter((name) => !choices.includes(name))
  if (unknown.length === 0) return [...new Set(names)]
  throw new OptionError(
    `--keep cannot be used: ${JSON.stringify(unknown.join(','))} (expected all, or some of ${choices.join(', ')}, separated by commas). The site stays only with all.`,
  )
}

function checkCombination(given: Given, packages: string, keep: Keep): void {
  if (packages === 'published' && keep === 'all') {
    throw new OptionError(
      '--packages published cannot be used: everything is kept, and the libraries are a part of it (expected --keep with apps). Name the apps with --keep.',
    )
  }
  if (given.tarballs !== undefined && packages !== 'published') {
    throw new OptionError(
      '--tarballs cannot be used: the libraries stay in the workspace. Add --packages published, or leave it out.',
    )
  }
}

function checked(
  given: Given,
  name: ValueFlag,
  value: string,
  isValid: (value: string) => boolean,
  expectation: string,
): string {
  if (isValid(value)) return value
  const found =
    given[name] === undefined ? 'is missing' : `cannot be used: ${JSON.stringify(value)}`
  throw new OptionError(`--${name} ${found} (expected ${expectation}). Pass --${name} <value>.`)
}
