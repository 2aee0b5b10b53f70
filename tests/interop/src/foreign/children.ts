import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'

const running = new Set<ChildProcess>()
const endTimeoutMilliseconds = 10_000

// A peer that hangs outlives its limit, but not this process.
process.once('exit', () => {
  for (const child of running) signal(child, 'SIGKILL')
})

/** Ends a child with this process at the latest. */
export function keepTrack(child: ChildProcess): void {
  running.add(child)
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

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  child.kill(name)
}
