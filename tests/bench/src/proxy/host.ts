import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'

/** A host that starts a proxy and calls tools through its pipes. */
export interface Host {
  readonly process: ChildProcess
  initialize(): Promise<void>
  /** Resolves with the error of the response, if it has one. */
  call(): Promise<string | undefined>
  /** Closes stdin and waits for the end. */
  end(): Promise<void>
  kill(): Promise<void>
}

type Answer = { readonly id?: number; readonly error?: { readonly message: string } }

const endMilliseconds = 5000

export function startHost(args: readonly string[], env: Readonly<Record<string, string>>): Host {
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', process.env['BENCH_STDERR'] === undefined ? 'ignore' : 'inherit'],
    env: { ...process.env, ...env },
  })
  const waiting = new Map<number, (answer: Answer) => void>()
  let rest = ''
  child.stdin?.on('error', () => undefined)
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const answer: Answer = JSON.parse(line)
      if (answer.id === undefined) continue
      waiting.get(answer.id)?.(answer)
      waiting.delete(answer.id)
    }
  })
  const ended = once(child, 'close')
  child.once('close', () => {
    for (const resolve of waiting.values()) resolve({ error: { message: 'the proxy ended' } })
  })
  let nextId = 0

  function send(message: object): void {
    child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  }

  function request(method: string, params: object): Promise<string | undefined> {
    nextId += 1
    const id = nextId
    return new Promise((resolve) => {
      waiting.set(id, ({ error }) => resolve(error?.message))
      send({ id, method, params })
    })
  }

  return {
    process: child,
    async initialize() {
      const error = await request('initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'bench', version: '1' },
      })
      if (error !== undefined) throw new Error(`initialize failed: ${error}`)
      send({ method: 'notifications/initialized' })
    },
    call: () => request('tools/call', { name: 'echo', arguments: {} }),
    async end() {
      child.stdin?.end()
      const timer = setTimeout(() => child.kill('SIGKILL'), endMilliseconds)
      await ended
      clearTimeout(timer)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
