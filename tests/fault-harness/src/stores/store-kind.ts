import process from 'node:process'

/** The stores over which processes can share a grant. */
export type StoreKind = 'file' | 'postgres' | 'redis'

export const storeKinds: readonly StoreKind[] = ['file', 'postgres', 'redis']

/** How a process opens the store. The encryption key stays in a file and out of messages. */
export type StoreDescription =
  | { readonly kind: 'file'; readonly keyFile: string; readonly folder: string }
  | ({ readonly kind: 'postgres'; readonly table: string } & Served)
  | ({
      readonly kind: 'redis'
      readonly keyPrefix: string
      readonly leaseMilliseconds: number
    } & Served)

interface Served {
  readonly keyFile: string
  readonly url: string
  /** Time limit for one statement. Default: the store's. */
  readonly requestTimeoutMilliseconds?: number
}

/**
 * How long a Redis lock outlives a killed process. It exceeds every suspension in runs without
 * grace. It is short because the other processes wait for it after each kill.
 */
export const leaseMilliseconds = 1500

const variables = {
  postgres: 'EVERGRANT_TEST_POSTGRES_URL',
  redis: 'EVERGRANT_TEST_REDIS_URL',
} as const

const titles = { postgres: 'PostgreSQL', redis: 'Redis' } as const

/** Why the harness cannot run over a store on this machine, or `undefined`. */
export function whyNotRun(kind: StoreKind): string | undefined {
  if (kind === 'file' || process.env[variables[kind]] !== undefined) return undefined
  return `${titles[kind]}: ${variables[kind]} is not set`
}

/** PgBouncer in transaction mode, in front of the PostgreSQL of the tests. */
export const pgbouncerUrl: string | undefined = process.env['EVERGRANT_TEST_PGBOUNCER_URL']

/** The database server of the tests. */
export function serverUrl(kind: 'postgres' | 'redis'): URL {
  const url = process.env[variables[kind]]
  if (url === undefined) throw new Error(whyNotRun(kind))
  return new URL(url)
}
