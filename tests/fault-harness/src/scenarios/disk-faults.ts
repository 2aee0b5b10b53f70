import type { Worker } from '../worker-process.ts'
import { lifetimeSeconds, startTestbed } from '../testbed.ts'
import type { FaultReport } from './meet-fault.ts'
import { callers, meet, processes } from './meet-fault.ts'

const store = 'file'

/** The disk cannot be written when a refresh begins: no refresh token is spent. */
export async function meetDiskFaults(): Promise<FaultReport[]> {
  await using testbed = await startTestbed({ store, processes, maximumWaitSeconds: 0.5 })
  const reports: FaultReport[] = []
  for (const [name, code] of [
    ['a full disk', 'ENOSPC'],
    ['a store that became read-only', 'EROFS'],
  ] as const) {
    await testbed.advance(lifetimeSeconds)
    for (const worker of testbed.workers) worker.failWrites(code)
    reports.push(
      await meet(
        testbed,
        name,
        () => testbed.all('tokens', callers),
        () => allowWrites(testbed.workers),
      ),
    )
  }
  return reports
}

/**
 * The disk fills up between the server's response and the save. One process holds the only copy of
 * the new tokens. If it released the lock, the others would present the spent token again.
 */
export async function meetDiskFullAtSave(): Promise<FaultReport> {
  await using testbed = await startTestbed({ store, processes, maximumWaitSeconds: 0.5 })
  await testbed.advance(lifetimeSeconds)
  const [first] = testbed.workers
  if (first === undefined) throw new Error('The testbed has no worker.')
  const answered = first.stopAt('answered')
  return await meet(
    testbed,
    'a disk that fills up between the response and the save',
    async () => {
      const asked = testbed.all('tokens', callers, [first])
      await answered
      for (const worker of testbed.workers) worker.failWrites('ENOSPC')
      first.goOn()
      return [...(await asked), ...(await testbed.all('tokens', callers))]
    },
    async () => {
      allowWrites(testbed.workers)
      // The process that holds the tokens saves them. The others wait for it.
      await testbed.all('tokens', callers)
    },
  )
}

/** The kernel refuses writes because of a limit on file sizes. POSIX only. */
export async function meetFileSizeLimit(): Promise<FaultReport> {
  await using testbed = await startTestbed({ store, processes: 0, maximumWaitSeconds: 0.5 })
  await testbed.advance(lifetimeSeconds)
  const limited = await testbed.addWorker({ diskFull: true })
  return await meet(
    testbed,
    'a process that may not write files',
    () => testbed.all('tokens', callers),
    async () => {
      await limited.kill()
      testbed.remove(limited)
      await testbed.addWorker()
    },
  )
}

function allowWrites(workers: readonly Worker[]): void {
  for (const worker of workers) worker.failWrites()
}
