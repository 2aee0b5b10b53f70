import { spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import process from 'node:process'

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
        return await accepts(port)
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
  const found = program(name)
  if (found === undefined) throw new Error(`The program ${name} is not installed.`)
  return found
}

/** The full path of a program. Debian does not put those of PostgreSQL on PATH. */
export function program(name: string): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root)
    ? readdirSync(root).toSorted((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
    : []
  return [
    ...versions.map((version) => path.join(root, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(path.delimiter),
    '/usr/sbin',
  ]
    .map((folder) => path.join(folder, name))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
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
