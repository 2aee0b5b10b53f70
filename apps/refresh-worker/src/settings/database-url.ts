import { WorkerError } from '../lib/errors.ts'
import type { GivenOptions } from './given-options.ts'
import { readSmallFile } from './read-small-file.ts'
import { variablePrefix } from '../lib/names.ts'

/** The database of a store. */
export interface DatabaseUrl {
  readonly kind: 'postgres' | 'redis'
  /** With the password. Only for the client of the database. */
  readonly url: string
  /** Without user, password and parameters, for the log. */
  readonly shown: string
  /** Texts that no output may contain. */
  readonly secrets: readonly string[]
}

const kinds: Readonly<Record<string, DatabaseUrl['kind']>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'redis:': 'redis',
  'rediss:': 'redis',
}

/**
 * Reads which database to use. A password on the command line is refused: every user of the machine
 * can read the command lines of all processes.
 *
 * @throws WorkerError `OPTION_INVALID`, `FILE_UNUSABLE`
 */
export async function readDatabaseUrl(given: GivenOptions): Promise<DatabaseUrl> {
  const inline = given('database-url')
  const file = given('database-url-file')
  if (inline !== undefined && file !== undefined) {
    throw new WorkerError(
      'OPTION_INVALID',
      `${inline.source} and ${file.source} are both set (expected one of them). Remove one.`,
    )
  }
  const source = inline?.source ?? file?.source ?? ''
  const [fileName] = file?.values ?? []
  const text =
    fileName === undefined
      ? inline?.values[0]
      : (await readSmallFile(fileName, source)).toString('utf8').trim()
  if (text === undefined) {
    throw new WorkerError(
      'OPTION_INVALID',
      `No database is named. Set ${variablePrefix}DATABASE_URL, --database-url-file or --database-url to postgres://… or redis://….`,
    )
  }
  const database = parseDatabaseUrl(text, source)
  if (inline?.isFlag === true && database.secrets.length > 0) {
    throw new WorkerError(
      'OPTION_INVALID',
      `--database-url contains a password, which every user of this machine can read in the list of processes. Set ${variablePrefix}DATABASE_URL or --database-url-file instead.`,
    )
  }
  return database
}

/** Never shows the text: a typing error can move the password anywhere. */
function parseDatabaseUrl(text: string, source: string): DatabaseUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const kind = url && kinds[url.protocol]
  if (url === undefined || kind === undefined || !canBeDecoded(url) || !hasDatabase(url, kind)) {
    throw new WorkerError(
      'OPTION_INVALID',
      `${source} cannot be used: it is not the URL of a database (expected postgres://… or redis://…, with special characters of the password percent-encoded, and for Redis a number as the path or no path). Correct it.`,
    )
  }
  const passwords = [url.password, ...url.searchParams.getAll('password')].filter(Boolean)
  return {
    kind,
    url: text,
    shown: `${url.protocol}//${url.host}${url.pathname}`,
    secrets: [...new Set(passwords.flatMap((one) => [one, decoded(one) ?? one]))],
  }
}

/** Clients of databases decode these parts. Some of their errors would not name the option. */
function canBeDecoded({ username, password, pathname }: URL): boolean {
  return [username, password, pathname].every((part) => decoded(part) !== undefined)
}

/** The databases of Redis have numbers. */
function hasDatabase({ pathname }: URL, kind: DatabaseUrl['kind']): boolean {
  return kind === 'postgres' || /^\/?\d*$/.test(pathname)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
