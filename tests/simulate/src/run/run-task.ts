import { findEmulatedServer } from '@evergrant/reference-as/emulation'
import { clientIds } from '../clients/client.ts'
import type { ClientId } from '../clients/client.ts'
import { listedScopes } from '../server/metadata.ts'
import { productRules } from '../server/product-rules.ts'
import type { MonthResult } from './run-month.ts'
import { runMonth, runPerfectMonth } from './run-month.ts'
import type { Row, Task } from './tables.ts'

/** Runs one product in one situation with every client. Needs digests that are computed at once. */
export async function runTask({ product, situation, processes, seed }: Task): Promise<Row> {
  const server = findEmulatedServer(product)
  if (server === undefined) throw new Error(`There is no emulated product ${product}.`)
  const rules = productRules(server)
  const settings = { rules, situation, processes, seed }
  const { forced } = await runPerfectMonth(settings)
  const clients: Partial<Record<ClientId, MonthResult>> = {}
  for (const client of clientIds) {
    // Without the scope in the metadata, the application requests nothing more than its SDK.
    const isSame = client === 'sdk-v1-offline' && !listedScopes(rules).includes('offline_access')
    const known = isSame ? clients['sdk-v1'] : undefined
    clients[client] = known ?? (await runMonth(client, settings))
  }
  return { product, situation, processes, forced, clients: clients as Row['clients'] }
}
