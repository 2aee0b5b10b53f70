import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'

const running = new Set<ChildProcess>()
const groups = new WeakSet<ChildProcess>()
const endTimeoutMilliseconds = 10_000

// A peer that hangs outlives its limit, but not this process.
process.once('exit', () => {
  for (const child of running) signal(child, 'SIGKILL')
})

/**
 * Ends a child with this process at the latest.
 *
 * @param leadsGroup - Whether it was started as `detached`, so that its own children end too.
 */
export function keepTrack(child: ChildProcess, leadsGroup: boolean = false): void {
  running.add(child)
  if (leadsGroup && process.platform !== 'win32') groups.add(child)
  child.once('close', () => running.delete(child))
}

/** Asks a child to end, and kills it if it does not. Resolves when it has ended. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return
  const closed = once(child, 'close')
  signal(child, 'SIGTERM')
  const limit = setTimeout(() => signal(child, 'SIGKILL'), endTimeoutMilliseconds)
  await closed
  clearTimeout(limit)
}

/** Signals the process group of a child that leads one, otherwise the child. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined && groups.has(child)) process.kill(-child.pid, name)
    else child.kill(name)
  } catch {
    // It has just ended.
  }
}
