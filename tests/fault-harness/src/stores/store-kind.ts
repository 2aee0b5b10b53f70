import process from 'node:process'

/** What processes can share a grant over. */
export type StoreKind = 'file' | 'postgres' | 'redis'

export const storeKinds: readonly StoreKind[] = ['file', 'postgres', 'redis']

/** How a process opens the store. The store's key is in a file, never in a message. */
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
  /** The longest that one statement may take; without it, the store's own default. */
  readonly requestTimeoutMilliseconds?: number
}

/**
 * How long the Redis lock of a process that was killed lives on. Longer than any suspension where the
 * server has no grace, and short, since after each kill the others wait it out.
 */
export const leaseMilliseconds = 1500

const variables = {
  postgres: 'EVERGRANT_TEST_POSTGRES_URL',
  redis: 'EVERGRANT_TEST_REDIS_URL',
} as const

/** Why nothing can be run over a store on this machine, and how it can, or `undefined`. */
export function whyNotRun(kind: StoreKind): string | undefined {
  if (kind === 'file' || process.env[variables[kind]] !== undefined) return undefined
  return `${variables[kind]} is not set. With the server installed: node scripts/test-services.ts -- pnpm --filter @evergrant/fault-harness test`
}

/** The server that a store of this kind is tested at. */
export function serverUrl(kind: 'postgres' | 'redis'): URL {
  const url = process.env[variables[kind]]
  if (url === undefined) throw new Error(whyNotRun(kind))
  return new URL(url)
}
