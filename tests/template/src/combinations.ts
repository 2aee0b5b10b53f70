/** A project that is made of this repository, and how far it is checked. */
export interface Combination {
  readonly name: string
  /** Options of `pnpm template`, without the names. */
  readonly options: readonly string[]
  /** Whether the libraries come from packed files. */
  readonly fromTarballs: boolean
  /** Whether `pnpm check` of this repository makes it. */
  readonly quick: boolean
  /** The steps of `pnpm check` that run in it. Default: all. */
  readonly steps?: readonly string[]
}

/** What every project passes at least. */
const short = ['format', 'build', 'lint', 'types of scripts', 'types', 'tests', 'unused code']

const withoutTests = short.filter((step) => step !== 'tests')

export const combinations: readonly Combination[] = [
  {
    name: 'mcp-server',
    options: ['--keep', 'reference-mcp-server'],
    fromTarballs: false,
    quick: true,
    steps: [...short, 'code in pages', 'packages', 'sizes'],
  },
  {
    name: 'refresh-worker-from-npm',
    options: ['--keep', 'refresh-worker', '--packages', 'published'],
    fromTarballs: true,
    quick: true,
    steps: [...short, 'code in pages', 'packages'],
  },
  {
    name: 'client-from-npm',
    options: ['--keep', 'reference-client', '--packages', 'published'],
    fromTarballs: true,
    quick: false,
  },
  {
    name: 'authorization-server',
    options: ['--keep', 'reference-as'],
    fromTarballs: false,
    quick: false,
  },
  {
    name: 'servers-from-npm',
    options: ['--keep', 'reference-as,reference-mcp-server', '--packages', 'published'],
    fromTarballs: true,
    quick: false,
  },
  {
    name: 'refresh-worker',
    options: ['--keep', 'refresh-worker'],
    fromTarballs: false,
    quick: false,
  },
  {
    name: 'three-apps',
    options: ['--keep', 'reference-as,reference-client,reference-mcp-server'],
    fromTarballs: false,
    quick: false,
  },
  {
    // Its tests are those of this repository, and take as long. The site is built.
    name: 'everything',
    options: ['--keep', 'all', '--site', 'https://auth.acme.example'],
    fromTarballs: false,
    quick: false,
    steps: [...withoutTests, 'code in pages', 'packages', 'sizes', 'documentation site'],
  },
]

/** Names of other lengths than the original's, which differ from each other. */
export const names: Readonly<Record<string, string>> = {
  name: 'acme-token-desk',
  scope: '@acme-inc',
  'display-name': 'Acme Desk',
  'env-prefix': 'DESK_',
  prefix: 'acme_tokens',
  license: 'Apache-2.0',
  repository: 'https://github.com/acme-inc/token-desk',
}
