import { emulatedServers } from '@evergrant/reference-as/emulation'

import type { ClientId } from '../clients/client.ts'
import type { ForcedSignIns } from '../clients/perfect.ts'
import { productRules } from '../server/product-rules.ts'
import type { ProductRules } from '../server/product-rules.ts'
import { situations } from '../world/month.ts'
import type { Situation } from '../world/month.ts'
import type { MonthResult } from './run-month.ts'

/** How many processes share the sign-in. */
export const processCounts = [1, 4] as const
export type ProcessCount = (typeof processCounts)[number]

/** One product in one situation: what the server forces, and what happened to each client. */
export interface Row {
  readonly product: string
  readonly situation: Situation
  readonly processes: ProcessCount
  readonly forced: ForcedSignIns
  readonly clients: Readonly<Record<ClientId, MonthResult>>
}

/** What a worker computes at once. */
export interface Task {
  readonly product: string
  readonly situation: Situation
  readonly processes: ProcessCount
  readonly seed: number
}

/** The seed of the published tables. */
export const publishedSeed = 1

/** Every product, with its rules. */
export function allProducts(): readonly ProductRules[] {
  return emulatedServers.map((server) => productRules(server))
}

/** Every situation of these products. */
export function tasksFor(products: readonly ProductRules[], seed: number): readonly Task[] {
  return products.flatMap(({ name }) =>
    situations.flatMap((situation) =>
      processCounts.map((processes) => ({ product: name, situation, processes, seed })),
    ),
  )
}

/** How often a client that makes no mistake signs in. */
export function forcedCount(forced: ForcedSignIns): number {
  return Object.values(forced).reduce((sum, count) => sum + count, 0)
}

/** The sign-ins of one cell; `undefined` if the server refuses the first one. */
export function signInsOf({ counts, refusedWith }: MonthResult): number | undefined {
  // A user who removes the tokens of a stuck client signs in next, which is counted there.
  return refusedWith === undefined ? counts.signIns : undefined
}

/** Whether the product issues refresh tokens to a client that asks for them. */
export function issuesRefreshTokens({ forced }: Row): boolean {
  return forced['no-refresh-token'] === 0
}
