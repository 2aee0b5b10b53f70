import type { Worker } from '../worker-process.ts'
import { lifetimeSeconds, startWorld } from '../testbed.ts'
import type { FaultReport } from './meet-fault.ts'
import { callers, meet, processes } from './meet-fault.ts'

const store = 'file'

/** A disk that cannot be written when a refresh begins: no refresh token is spent. */
export async function meetDiskFaults(): Promise<FaultReport[]> {
  await using world = await startWorld({ store, processes, maximumWaitSeconds: 0.5 })
  const reports: FaultReport[] = []
  for (const [name, code] of [
    ['a full disk', 'ENOSPC'],
    ['a store that became read-only', 'EROFS'],
  ] as const) {
    await world.advance(lifetimeSeconds)
    for (const worker of world.workers) worker.failWrites(code)
    reports.push(
      await meet(
        world,
        name,
        () => world.all('tokens', callers),
        () => allowWrites(world.workers),
      ),
    )
  }
  return reports
}

/**
 * A disk that runs full between the server's answer and the save. The tokens are in one process's
 * memory, and the others would present the spent token again if that one let go of the lock.
 */
export async function meetDiskFullAtSave(): Promise<FaultReport> {
  await using world = await startWorld({ store, processes, maximumWaitSeconds: 0.5 })
  await world.advance(lifetimeSeconds)
  const [first] = world.workers
  if (first === undefined) throw new Error('This scenario needs a worker.')
  const answered = first.stopAt('answered')
  return await meet(
    world,
    'a disk that fills up between the answer and the save',
    async () => {
      const asked = world.all('tokens', callers, [first])
      await answered
      for (const worker of world.workers) worker.failWrites('ENOSPC')
      first.goOn()
      return [...(await asked), ...(await world.all('tokens', callers))]
    },
    async () => {
      allowWrites(world.workers)
      // The one that has the tokens saves them unasked, and the others wait for that.
      await world.all('tokens', callers)
    },
  )
}

/** Writes that the kernel refuses, by a limit on file sizes. POSIX only. */
export async function meetFileSizeLimit(): Promise<FaultReport> {
  await using world = await startWorld({ store, processes: 0, maximumWaitSeconds: 0.5 })
  await world.advance(lifetimeSeconds)
  const limited = await world.addWorker({ diskFull: true })
  return await meet(
    world,
    'a process that may not write files',
    () => world.all('tokens', callers),
    async () => {
      await limited.kill()
      world.remove(limited)
      await world.addWorker()
    },
  )
}

function allowWrites(workers: readonly Worker[]): void {
  for (const worker of workers) worker.failWrites()
}
