import type { Answer } from '../messages.ts'
import type { Worker } from '../worker-process.ts'
import type { Testbed, TestbedOptions } from '../testbed.ts'
import { lifetimeSeconds, startTestbed } from '../testbed.ts'
import type { FaultReport } from './meet-fault.ts'
import { callers, meet, processes } from './meet-fault.ts'

type Database = Exclude<TestbedOptions['store'], 'file'>

/** The effects of database faults on a refresh. */
export interface DatabaseFaults {
  /** The database refuses writes, or is unreachable, when a refresh begins: no token is spent. */
  readonly atStart: readonly FaultReport[]
  /**
   * The database starts to refuse writes between the server's response and the save. The process
   * that holds the tokens keeps the lock until it has saved them.
   */
  readonly atSave: FaultReport
}

/** Database faults that cost no sign-in, even at servers without grace. */
export async function meetDatabaseFaults(store: Database): Promise<DatabaseFaults> {
  await using testbed = await startTestbed({
    store,
    processes,
    maximumWaitSeconds: 0.5,
    storeTimeoutMilliseconds: 1000,
  })
  await testbed.advance(lifetimeSeconds)
  await testbed.refuseWrites(true)
  const refused = await meet(
    testbed,
    'a database that refuses writes',
    () => testbed.all('tokens', callers),
    () => testbed.refuseWrites(false),
  )
  await testbed.advance(lifetimeSeconds)
  testbed.cutOff(testbed.workers)
  const unreachable = await meet(
    testbed,
    'a database that cannot be reached',
    () => testbed.all('tokens', callers),
    () => testbed.reconnect(testbed.workers),
  )
  const atSave = await meetAtSave(testbed, 'a database that refuses writes after the response', {
    begin: () => testbed.refuseWrites(true),
    during: () => testbed.all('tokens', callers),
    async end() {
      await testbed.refuseWrites(false)
      await testbed.all('tokens', callers)
    },
  })
  return { atStart: [refused, unreachable], atSave }
}

/**
 * A connection breaks between the server's response and the save, and its lock is lost. The other
 * processes are still connected and present the spent token again. This requires successor grace.
 */
export async function meetCutAtSave(store: Database): Promise<FaultReport> {
  await using testbed = await startTestbed({
    store,
    processes,
    graceSeconds: 3600,
    storeTimeoutMilliseconds: 1000,
  })
  return await meetAtSave(testbed, 'a connection cut between the response and the save', {
    begin: (first) => testbed.cutOff([first]),
    during: (_first, others) => testbed.all('tokens', callers, others),
    async end(first) {
      testbed.reconnect([first])
      await testbed.all('tokens', callers, [first])
    },
  })
}

interface FaultAtSave {
  begin(first: Worker): unknown
  /** The work while the first process holds tokens that it cannot save. */
  during(first: Worker, others: readonly Worker[]): Promise<(Answer | undefined)[]>
  end(first: Worker): unknown
}

async function meetAtSave(
  testbed: Testbed,
  name: string,
  fault: FaultAtSave,
): Promise<FaultReport> {
  await testbed.advance(lifetimeSeconds)
  const [first, ...others] = testbed.workers
  if (first === undefined) throw new Error('The testbed has no worker.')
  const answered = first.stopAt('answered')
  return await meet(
    testbed,
    name,
    async () => {
      const asked = testbed.all('tokens', callers, [first])
      await answered
      await fault.begin(first)
      first.goOn()
      const duringFault = await fault.during(first, others)
      return [...(await asked), ...duringFault]
    },
    () => fault.end(first),
  )
}
