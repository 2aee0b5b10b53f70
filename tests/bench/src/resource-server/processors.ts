import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import process from 'node:process'

/** Which processor the servers use, and which one makes the load. */
export interface Processors {
  /** For the report. */
  readonly description: string
  /** The command that starts a server, up to the program. */
  readonly serverCommand: readonly [string, ...string[]]
}

/**
 * Assigns one processor to the load, and another one to the servers. Without `taskset`, the scheduler
 * decides.
 */
export function assignProcessors(): Processors {
  const pinned =
    availableParallelism() > 1 &&
    spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', '1', `${process.pid}`]).status === 0
  if (!pinned) {
    return {
      description: 'the scheduler distributes the server and the load',
      serverCommand: [process.execPath],
    }
  }
  return {
    description: 'the server on processor 0, the load on processor 1',
    serverCommand: ['taskset', '--cpu-list', '0', process.execPath],
  }
}
