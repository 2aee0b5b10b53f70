import { existsSync } from 'node:fs'
import path from 'node:path'

/** What one program imports from a published library. */
export interface SizeRow {
  /** The folder in `packages/`. */
  readonly library: string
  readonly use: string
  /** Names by the entry that exports them. All of an entry, if there are no names. */
  readonly imports: Readonly<Record<string, readonly string[]>>
  /** The most that the files may have that are loaded at the start, in KB (1000 bytes). */
  readonly limitKilobytes?: number
}

/** The most direct production dependencies of a published library. */
export const maximumDependencies = 2

const allRows: readonly SizeRow[] = [
  { library: 'core', use: 'all of `.`', imports: { '.': [] }, limitKilobytes: 10 },
  {
    library: 'core',
    use: '`negotiateScope`',
    imports: { '.': ['negotiateScope'] },
    limitKilobytes: 3,
  },
  ...['authorization', 'metadata', 'network', 'providers', 'registration'].map((entry) => ({
    library: 'core',
    use: `all of \`/${entry}\``,
    imports: { [`./${entry}`]: [] },
  })),
  {
    library: 'client',
    use: '`createSession`, `authorizedFetch`',
    imports: { '.': ['createSession'], './fetch': ['authorizedFetch'] },
    limitKilobytes: 25,
  },
  {
    library: 'client',
    use: '`createTokenManager`',
    imports: { '.': ['createTokenManager'] },
  },
  { library: 'client', use: 'all of `.`', imports: { '.': [] } },
  { library: 'resource-server', use: 'all of `.`', imports: { '.': [] } },
  { library: 'authorization-server', use: 'all of `.`', imports: { '.': [] } },
  { library: 'doctor', use: 'all of `.`', imports: { '.': [] } },
]

/** What is measured, in the order of the table: the libraries of this workspace. */
export const sizeRows: readonly SizeRow[] = allRows.filter(({ library }) =>
  existsSync(path.resolve(import.meta.dirname, '../../packages', library)),
)
