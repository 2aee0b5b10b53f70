import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { GuardName } from './guards.ts'
import type { Trust } from './issuer.ts'
import type { Processors } from './processors.ts'

/** A server under test, in a separate process. */
export interface RunningServer extends AsyncDisposable {
  readonly guard: GuardName
  readonly port: number
  /** The processor time that it has used so far, of all its threads. */
  cpuMicroseconds(): Promise<number>
}

/** Starts the server of a guard. */
export async function startServer(
  guard: GuardName,
  trust: Trust,
  { serverCommand: [command, ...options] }: Processors,
): Promise<RunningServer> {
  const program = fileURLToPath(import.meta.resolve('./server.ts'))
  const child = spawn(command, [...options, program, guard, JSON.stringify(trust)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const port = (await message(child)) as number
  return {
    guard,
    port,
    async cpuMicroseconds() {
      const answer = message(child)
      child.send('cpu')
      const { user, system } = (await answer) as NodeJS.CpuUsage
      return user + system
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

async function message(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  const [answer] = (await Promise.race([
    once(child, 'message', { signal: ended.signal }),
    once(child, 'exit', { signal: ended.signal }).then(() => {
      throw new Error(`${child.spawnargs.join(' ')} exited`)
    }),
  ]).finally(() => ended.abort())) as unknown[]
  return answer
}
