import type { Answer } from '../messages.ts'
import type { Worker } from '../worker-process.ts'
import type { World, WorldOptions } from '../testbed.ts'
import { lifetimeSeconds, startWorld } from '../testbed.ts'
import type { FaultReport } from './meet-fault.ts'
import { callers, meet, processes } from './meet-fault.ts'

type Database = Exclude<WorldOptions['store'], 'file'>

/** What a database did to a refresh, besides what the fault cost. */
export interface DatabaseFaults {
  /** It refuses to write, or cannot be reached, when a refresh begins: nothing is spent. */
  readonly atStart: readonly FaultReport[]
  /**
   * It begins to refuse writes between the server's answer and the save. The process with the
   * tokens keeps the lock until they are saved.
   */
  readonly atSave: FaultReport
}

/** Faults of the database that nobody pays for, whatever the authorization server forgives. */
export async function meetDatabaseFaults(store: Database): Promise<DatabaseFaults> {
  await using world = await startWorld({
    store,
    processes,
    maximumWaitSeconds: 0.5,
    storeTimeoutMilliseconds: 1000,
  })
  await world.advance(lifetimeSeconds)
  await world.refuseWrites(true)
  const refused = await meet(
    world,
    'a database that refuses writes',
    () => world.all('tokens', callers),
    () => world.refuseWrites(false),
  )
  await world.advance(lifetimeSeconds)
  world.cutOff(world.workers)
  const unreachable = await meet(
    world,
    'a database that cannot be reached',
    () => world.all('tokens', callers),
    () => world.reconnect(world.workers),
  )
  const atSave = await meetAtSave(world, 'a database that refuses writes after the answer', {
    begin: () => world.refuseWrites(true),
    during: () => world.all('tokens', callers),
    async end() {
      await world.refuseWrites(false)
      await world.all('tokens', callers)
    },
  })
  return { atStart: [refused, unreachable], atSave }
}

/**
 * A connection that breaks between the server's answer and the save, and the lock with it. Others
 * are connected still and present the spent token again: it takes a server with grace.
 */
export async function meetCutAtSave(store: Database): Promise<FaultReport> {
  await using world = await startWorld({
    store,
    processes,
    graceSeconds: 3600,
    storeTimeoutMilliseconds: 1000,
  })
  return await meetAtSave(world, 'a connection cut between answer and save', {
    begin: (first) => world.cutOff([first]),
    during: (_first, others) => world.all('tokens', callers, others),
    async end(first) {
      world.reconnect([first])
      await world.all('tokens', callers, [first])
    },
  })
}

interface FaultAtSave {
  begin(first: Worker): unknown
  /** What goes on while the first process has tokens that it cannot save. */
  during(first: Worker, others: readonly Worker[]): Promise<(Answer | undefined)[]>
  end(first: Worker): unknown
}

async function meetAtSave(world: World, name: string, fault: FaultAtSave): Promise<FaultReport> {
  await world.advance(lifetimeSeconds)
  const [first, ...others] = world.workers
  if (first === undefined) throw new Error('This scenario needs a worker.')
  const answered = first.stopAt('answered')
  return await meet(
    world,
    name,
    async () => {
      const asked = world.all('tokens', callers, [first])
      await answered
      await fault.begin(first)
      first.goOn()
      const meanwhile = await fault.during(first, others)
      return [...(await asked), ...meanwhile]
    },
    () => fault.end(first),
  )
}
