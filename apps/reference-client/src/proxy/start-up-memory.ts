/** By then, a host has made its first requests. */
const delayMilliseconds = 1000

/**
 * Collects garbage once after the start. A proxy then waits for most of its life, and V8 would keep what
 * loading the program left behind: about a quarter of its own memory.
 */
export function releaseStartUpMemory(): void {
  const timer = setTimeout(() => {
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
    const collect: unknown = process.getBuiltinModule('node:vm').runInNewContext('gc')
    if (typeof collect !== 'function') return
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, delayMilliseconds)
  timer.unref()
}
