/** Every form in which the name of this project is written, and what replaces it. */

/** The names of a project. */
export interface Names {
  /** `@acme` */
  readonly scope: string
  /** `acme-auth`: commands, folders of data, unscoped packages. */
  readonly name: string
  /** `Acme Auth` */
  readonly displayName: string
  /** `ACME_AUTH_` */
  readonly environmentPrefix: string
  /** `acme_auth`: the beginning of the names of tables and metrics. */
  readonly prefix: string
  /** `https://github.com/acme/acme-auth` */
  readonly repository: string
  /** `https://auth.acme.example` */
  readonly site: string
}

/** The names of this repository. */
export const original: Names = {
  scope: '@evergrant',
  name: 'evergrant',
  displayName: 'Evergrant',
  environmentPrefix: 'EVERGRANT_',
  prefix: 'evergrant',
  repository: 'https://github.com/evergrant/evergrant',
  site: 'https://evergrant.github.io',
}

/** One way to write the name. */
export interface NameForm {
  readonly what: string
  readonly pattern: RegExp
  /** What stands instead. Without it, the text stays: it names something of the original project. */
  readonly replace?: (names: Names, found: string) => string
}

/** What stays a name of the original in a project. */
export interface Kept {
  /** Whether the project has a file at this path. A link to another one leads to the original. */
  readonly hasPath: (path: string) => boolean
  /** Whether the pages of the site are in the project. */
  readonly site: boolean
  /** Names of libraries that come from npm, such as `@evergrant/core`. */
  readonly publishedLibraries: readonly string[]
}

/**
 * All forms, the more specific ones first: the first one that matches decides.
 *
 * @param kept - Default: nothing of the original.
 */
export function nameForms(kept: Kept = keepsNothing): readonly NameForm[] {
  return [
    ...(kept.publishedLibraries.length === 0 ? [] : libraryForms(kept.publishedLibraries)),
    {
      what: 'a file of the repository',
      pattern: /github\.com\/evergrant\/evergrant\/(?:blob|edit|tree)\/main\/[\w./-]*/,
      replace: (names, found) => {
        const path = found.split('/main/')[1]?.replace(/[./]+$/, '') ?? ''
        return kept.hasPath(path) ? found.replace(/^[^/]+\/[^/]+\/[^/]+/, hostOf(names)) : found
      },
    },
    {
      what: 'the repository',
      pattern: /github\.com\/evergrant\/evergrant/,
      replace: (names) => hostOf(names),
    },
    {
      what: 'the repository in a workflow',
      pattern: /evergrant\/evergrant(?=\/)/,
      replace: ({ repository }) => new URL(repository).pathname.slice(1),
    },
    {
      what: 'the site',
      pattern: /https:\/\/evergrant\.github\.io/,
      ...(kept.site ? { replace: ({ site }: Names) => site } : {}),
    },
    { what: 'a package', pattern: /@evergrant(?=\/)/, replace: ({ scope }) => scope },
    {
      what: 'an environment variable',
      pattern: /EVERGRANT_/,
      replace: ({ environmentPrefix }) => environmentPrefix,
    },
    {
      what: 'a table, or a metric of Prometheus',
      pattern: /evergrant_/,
      replace: ({ prefix }) => `${prefix}_`,
    },
    {
      what: 'a metric, a span, a channel or a symbol',
      pattern: /evergrant\.(?=(?:as|client|refresh)\b|[A-Z])/,
      replace: ({ prefix }) => `${prefix}.`,
    },
    {
      what: 'a part of an identifier',
      pattern: /Evergrant(?=[A-Z])|(?<=[a-z])Evergrant/,
      replace: ({ name }) => pascalCase(name),
    },
    {
      what: 'an anchor of a heading',
      pattern: /(?<=\.md#[\w-]*)evergrant/,
      replace: ({ displayName }) => displayName.toLowerCase().replaceAll(/[ .]+/g, '-'),
    },
    {
      what: 'the display name',
      pattern: /Evergrant/,
      replace: ({ displayName }) => displayName,
    },
    { what: 'the name', pattern: /evergrant/, replace: ({ name }) => name },
  ]
}

const keepsNothing: Kept = { hasPath: () => true, site: true, publishedLibraries: [] }

/** What the libraries from npm are called, export and report. Their names stay. */
function libraryForms(libraries: readonly string[]): readonly NameForm[] {
  const names = libraries.map((library) => library.slice(library.indexOf('/') + 1)).join('|')
  return [
    {
      what: 'a library from npm',
      pattern: new RegExp(`@evergrant/(?:${names})(?![\\w-])`),
    },
    { what: 'the file of a library', pattern: new RegExp(`evergrant-(?:${names})(?=-\\d)`) },
    { what: 'an export of a library from npm', pattern: /EvergrantClientError/ },
    {
      what: 'a metric, a span or a channel of a library from npm',
      pattern: /evergrant[._](?=client\b|client[._])|evergrant\.(?=refresh\b)/,
    },
    { what: 'what the doctor sends', pattern: /evergrant-doctor(?=-sends|-')/ },
  ]
}

/** `acme-auth` is `AcmeAuth` in identifiers. */
function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function hostOf({ repository }: Names): string {
  return repository.replace(/^https:\/\//, '')
}
