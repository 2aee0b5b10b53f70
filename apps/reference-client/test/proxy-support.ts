import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A JSON-RPC message, as a test reads it. */
export type Rpc = Readonly<Record<string, unknown>> & {
  readonly id?: string | number | null
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** A proxy in a process, and the host's side of its pipes. */
export interface ProxyProcess extends AsyncDisposable {
  readonly process: ChildProcess
  /** Every message of the proxy, in order. */
  readonly received: readonly Rpc[]
  stderr(): string
  send(message: Readonly<Record<string, unknown>>): void
  write(text: string | Buffer): void
  /** Sends a request and resolves with its response. */
  request(method: string, params?: unknown): Promise<Rpc>
  notify(method: string, params?: unknown): void
  /** The handshake of protocol versions before 2026-07-28. */
  initialize(capabilities?: unknown): Promise<Rpc>
  /** Resolves with the first message that matches, also one that has arrived already. */
  until(matches: (message: Rpc) => boolean): Promise<Rpc>
  untilSaid(text: string): Promise<void>
  /** Closes stdin and waits for the end. */
  end(): Promise<number | null>
  readonly ended: Promise<number | null>
}

const main = path.join(import.meta.dirname, '..', 'src', 'main.ts')

/** For tests that need no stored sign-in. */
const emptyHome = mkdtempSync(path.join(tmpdir(), 'evergrant-proxy-'))
process.once('exit', () => rmSync(emptyHome, { recursive: true, force: true }))

export function startProxy(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): ProxyProcess {
  const child = spawn(process.execPath, ['--conditions=workspace:source', main, 'proxy', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, EVERGRANT_HOME: emptyHome, EVERGRANT_KEY: 'key-file', ...env },
  })
  const received: Rpc[] = []
  const watchers = new Set<() => void>()
  let rest = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) received.push(JSON.parse(line))
    for (const watch of watchers) watch()
  })
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
    for (const watch of watchers) watch()
  })
  child.stdin.on('error', () => undefined)
  const ended = once(child, 'close').then(([code]) => code as number | null)
  let nextId = 0

  function waitFor<Found>(find: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find()
        if (found === undefined) return
        watchers.delete(look)
        resolve(found)
      }
      watchers.add(look)
      look()
      void ended.then(() => reject(new Error(`The proxy ended: ${err}`)))
    })
  }

  const proxy: ProxyProcess = {
    process: child,
    received,
    stderr: () => err,
    send: (message) =>
      void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`),
    write: (text) => void child.stdin.write(text),
    async request(method, params) {
      nextId += 1
      const id = nextId
      proxy.send({ id, method, ...(params === undefined ? {} : { params }) })
      return await proxy.until((message) => message.id === id && message.method === undefined)
    },
    notify: (method, params) => proxy.send({ method, ...(params === undefined ? {} : { params }) }),
    async initialize(capabilities = {}) {
      const response = await proxy.request('initialize', {
        protocolVersion: '2025-11-25',
        capabilities,
        clientInfo: { name: 'test host', version: '1' },
      })
      proxy.notify('notifications/initialized')
      return response
    },
    until: (matches) => waitFor(() => received.find((message) => matches(message))),
    untilSaid: (text) =>
      waitFor(() => (err.includes(text) ? true : undefined)).then(() => undefined),
    end() {
      child.stdin.end()
      return ended
    },
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
  return proxy
}

/** A request that a scripted MCP server received. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Rpc
}

/** An MCP server whose answers a test writes. */
export interface ScriptedMcp extends AsyncDisposable {
  readonly url: string
  readonly origin: string
  readonly seen: readonly SeenRequest[]
  /** The requests with a JSON-RPC method. */
  calls(method: string): readonly SeenRequest[]
  /** Resolves when a request matches. */
  untilSeen(matches: (request: SeenRequest) => boolean): Promise<SeenRequest>
}

export type McpHandler = (request: SeenRequest, response: ServerResponse) => void | Promise<void>

/** Starts a server without authorization. `handle` answers every request. */
export async function scriptedMcp(handle: McpHandler, path_ = '/mcp'): Promise<ScriptedMcp> {
  const seen: SeenRequest[] = []
  const watchers = new Set<() => void>()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    response.on('error', () => undefined)
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString()
      const one: SeenRequest = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: text === '' ? {} : JSON.parse(text),
      }
      seen.push(one)
      for (const watch of watchers) watch()
      void handle(one, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${origin}${path_}`,
    origin,
    seen,
    calls: (method) => seen.filter(({ body }) => body.method === method),
    untilSeen: (matches) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = seen.find((one) => matches(one))
          if (found === undefined) return
          watchers.delete(look)
          resolve(found)
        }
        watchers.add(look)
        look()
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function answerJson(
  response: ServerResponse,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** Answers the handshake and notifications; returns whether it did. */
export function answerHandshake(
  { method, body }: SeenRequest,
  response: ServerResponse,
  options: { readonly sessionId?: string; readonly capabilities?: unknown } = {},
): boolean {
  if (method !== 'POST') return false
  if (body.method === 'initialize') {
    const result = {
      protocolVersion: body.params?.['protocolVersion'],
      capabilities: options.capabilities ?? { tools: {} },
      serverInfo: { name: 'scripted', version: '1' },
    }
    const session = options.sessionId === undefined ? {} : { 'mcp-session-id': options.sessionId }
    answerJson(response, { jsonrpc: '2.0', id: body.id, result }, session)
    return true
  }
  if (body.id !== undefined && body.method !== undefined) return false
  response.writeHead(202).end()
  return true
}

/** Starts an event stream. */
export function startStream(response: ServerResponse): {
  event(data: unknown, id?: string): void
  raw(text: string): void
} {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  return {
    event(data, id) {
      const head = id === undefined ? '' : `id: ${id}\n`
      response.write(`${head}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
    },
    raw: (text) => void response.write(text),
  }
}
