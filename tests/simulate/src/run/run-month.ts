import type { Client, ClientContext, ClientId } from '../clients/client.ts'
import { ours } from '../clients/ours.ts'
import { loadOurClient } from '../clients/load-ours.ts'
import { mcpRemote } from '../clients/mcp-remote.ts'
import { perfect } from '../clients/perfect.ts'
import type { ForcedSignIns } from '../clients/perfect.ts'
import { sdkV1 } from '../clients/sdk-v1.ts'
import { sdkV2 } from '../clients/sdk-v2.ts'
import type { ProductRules } from '../server/product-rules.ts'
import { days } from '../time/units.ts'
import type { Counts } from '../world/counts.ts'
import { drawMonth, monthFigures } from '../world/month.ts'
import type { Situation } from '../world/month.ts'
import { createUser } from '../world/user.ts'
import type { World } from '../world/world.ts'
import { createWorld } from '../world/world.ts'
import { runProcesses } from './run-processes.ts'

/** The cell of a table: one client in one month. */
export interface MonthSettings {
  readonly rules: ProductRules
  readonly situation: Situation
  readonly processes: number
  readonly seed: number
}

/** What happened to one client in one month. */
export interface MonthResult {
  readonly counts: Readonly<Counts>
  /** The error of the server, if it refused the first sign-in. The month ends there. */
  readonly refusedWith?: string
}

/** Runs the real code of a client for a month. The same settings give the same result. */
export async function runMonth(client: ClientId, settings: MonthSettings): Promise<MonthResult> {
  if (client === 'ours') await loadOurClient()
  return await run(settings, (context) => createClient[client](context, settings.rules))
}

/** What the server forces on every client. */
export async function runPerfectMonth(
  settings: MonthSettings,
): Promise<MonthResult & { readonly forced: ForcedSignIns }> {
  let forced: ForcedSignIns | undefined
  const result = await run(settings, (context) => {
    const client = perfect(context)
    ;({ forced } = client)
    return client
  })
  if (forced === undefined) throw new Error('The month did not start.')
  return { ...result, forced }
}

const createClient: Readonly<
  Record<ClientId, (context: ClientContext, rules: ProductRules) => Client>
> = {
  'sdk-v1': (context) => sdkV1(context, false),
  'sdk-v1-offline': (context) => sdkV1(context, true),
  'sdk-v2': sdkV2,
  'mcp-remote': mcpRemote,
  ours: (context, rules) => ours(context, rules.accessTokenSeconds),
}

async function run(
  { rules, situation, processes, seed }: MonthSettings,
  create: (context: ClientContext) => Client,
): Promise<MonthResult> {
  const world: World = createWorld(rules, drawMonth(situation, processes, seed), seed)
  const user = createUser(world)
  runProcesses(create({ world, user }), world, {
    processes,
    // Without a first sign-in, there is nothing to count.
    hasFailed: () => user.refusedWith() !== undefined,
  })
  await world.timeline.runUntil(days(monthFigures.days))
  const refusedWith = user.refusedWith()
  return { counts: world.counts, ...(refusedWith === undefined ? {} : { refusedWith }) }
}
