import { spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { acceptsConnections, findDatabaseProgram } from '@evergrant/test-kit'

/** Database servers that run as processes of this one. */
export interface ServerProcesses {
  /** Resolves when the server accepts connections at the port. */
  start(name: string, parameters: readonly string[], port: number): Promise<ChildProcess>
  stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void>
  stopAll(): Promise<void>
}

/** How much of the output of a server goes into the error that it did not start. */
const maximumLogLength = 2000

export function serverProcesses(
  options: Pick<SpawnOptions, 'cwd' | 'uid' | 'gid'>,
): ServerProcesses {
  const running = new Set<ChildProcess>()

  async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (!running.has(child)) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  return {
    async start(name, parameters, port) {
      const child = spawn(required(name), parameters, {
        ...options,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let log = ''
      child.stderr.on('data', (text: Buffer) => {
        log = `${log}${String(text)}`.slice(-maximumLogLength)
      })
      running.add(child)
      child.once('exit', () => running.delete(child))
      await eventually(async () => {
        if (child.exitCode !== null) {
          throw new Error(`${name} exited with ${child.exitCode}: ${log}`)
        }
        return await acceptsConnections(port)
      })
      return child
    },
    stop,
    async stopAll() {
      await Promise.all([...running].map((child) => stop(child, 'SIGQUIT')))
    },
  }
}

/** The full path of an installed program. */
export function required(name: string): string {
  const found = findDatabaseProgram(name)
  if (found === undefined) throw new Error(`The program ${name} is not installed.`)
  return found
}

/** Polls a condition of a database server, which sends no event for it. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 60_000
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error('A database server did not get ready.')
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
}
