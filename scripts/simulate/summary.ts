import type { ClientId, ProcessCount, Row, Situation } from '../../tests/simulate/src/index.ts'
import {
  clientIds,
  forcedCount,
  issuesRefreshTokens,
  processCounts,
  signInsOf,
  situations,
} from '../../tests/simulate/src/index.ts'

/** The sum of one client over all products of the summary. */
export interface Total {
  readonly situation: Situation
  readonly processes: ProcessCount
  readonly forced: number
  readonly clients: Readonly<Record<ClientId, number>>
}

/** The rows in a few numbers. */
export interface Summary {
  /** Products that issue refresh tokens and at which every client can sign in. */
  readonly compared: readonly string[]
  /** Products that issue none to any of these clients. */
  readonly withoutRefreshTokens: readonly string[]
  /** Products at which a client cannot sign in. */
  readonly withoutSignIn: readonly string[]
  readonly totals: readonly Total[]
}

export function summarize(rows: readonly Row[]): Summary {
  const products = [...new Set(rows.map(({ product }) => product))]
  const some = (product: string, test: (row: Row) => boolean): boolean =>
    rows.some((row) => row.product === product && test(row))
  const withoutRefreshTokens = products.filter((one) =>
    some(one, (row) => !issuesRefreshTokens(row)),
  )
  const withoutSignIn = products.filter((one) =>
    some(one, ({ clients }) => clientIds.some((id) => signInsOf(clients[id]) === undefined)),
  )
  const compared = products.filter(
    (one) => !withoutRefreshTokens.includes(one) && !withoutSignIn.includes(one),
  )
  const totals = situations.flatMap((situation) =>
    processCounts.map((processes): Total => {
      const chosen = rows.filter(
        (row) =>
          compared.includes(row.product) &&
          row.situation === situation &&
          row.processes === processes,
      )
      const sum = (count: (row: Row) => number): number =>
        chosen.reduce((total, row) => total + count(row), 0)
      return {
        situation,
        processes,
        forced: sum(({ forced }) => forcedCount(forced)),
        clients: Object.fromEntries(
          clientIds.map((id) => [id, sum(({ clients }) => signInsOf(clients[id]) ?? 0)]),
        ) as Total['clients'],
      }
    }),
  )
  return { compared, withoutRefreshTokens, withoutSignIn, totals }
}

/** Where Evergrant does not reach the number that the server forces. */
export function missed(rows: readonly Row[]): readonly Row[] {
  return rows.filter(
    (row) => (signInsOf(row.clients.ours) ?? Number.POSITIVE_INFINITY) > forcedCount(row.forced),
  )
}
