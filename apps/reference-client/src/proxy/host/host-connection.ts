import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { Line } from '../messages/line-splitter.ts'
import { lineSplitter } from '../messages/line-splitter.ts'
import type { Message, MessageId } from '../messages/message.ts'
import { readMessages } from '../messages/message.ts'
import { errorResponse, rpcErrorCodes } from '../messages/rpc-errors.ts'

/** The MCP host at the other end of stdin and stdout. */
export interface HostConnection {
  /** Writes a message. Resolves when the host can take another one, so a slow host slows its server. */
  write(message: Message): Promise<void>
  /**
   * Reads messages until the host closes stdin or `signal` aborts. A line that is not a message is
   * answered with an error.
   *
   * @param receive - The next line is read when its promise resolves.
   */
  read(receive: (message: Message) => Promise<void>, signal: AbortSignal): Promise<void>
  /** Aborts when the host cannot be written to any more. */
  readonly lost: AbortSignal
}

/** The longest message. Longer ones are refused, so that memory stays bounded. */
export const maximumMessageBytes: number = 128 * 1024 * 1024

export function hostConnection(stdin: Readable, stdout: Writable): HostConnection {
  const lost = new AbortController()
  stdout.on('error', () => lost.abort())
  stdout.on('close', () => lost.abort())
  /** The one wait that all writers share while the pipe is full. */
  const full: { drained: Promise<unknown> | undefined } = { drained: undefined }

  async function write({ text }: Message): Promise<void> {
    while (full.drained !== undefined && !lost.signal.aborted) await full.drained
    if (lost.signal.aborted) return
    if (stdout.write(`${text}\n`)) return
    full.drained ??= once(stdout, 'drain', { signal: lost.signal })
      .catch(() => undefined)
      .finally(() => (full.drained = undefined))
    await full.drained
  }

  async function receiveLine(
    line: Line,
    receive: (message: Message) => Promise<void>,
  ): Promise<void> {
    if ('tooLong' in line) {
      await write(refusal(`the message is longer than ${maximumMessageBytes} bytes`))
      return
    }
    const text = line.text.trim()
    if (text === '') return
    const read = readMessages(text)
    if (read.outcome === 'not-json') {
      await write(refusal('the line is not JSON'))
      return
    }
    for (const id of read.outcome === 'messages' ? read.rejectedIds : [read.id]) {
      await write(invalidRequest(id))
    }
    if (read.outcome !== 'messages') return
    for (const message of read.messages) await receive(message)
  }

  async function readLines(receive: (message: Message) => Promise<void>): Promise<void> {
    const splitter = lineSplitter(maximumMessageBytes)
    async function handle(line: Line): Promise<void> {
      // One line that cannot be handled must not end the proxy.
      await receiveLine(line, receive).catch(() => write(refusal('the line cannot be processed')))
    }
    for await (const chunk of chunksOf(stdin)) {
      for (const line of splitter.push(asBytes(chunk))) await handle(line)
    }
    const rest = splitter.end()
    // A host may close stdin right after its last message, with or without a line feed.
    if (rest !== undefined) await handle(rest)
  }

  return {
    write,
    lost: lost.signal,
    async read(receive, signal) {
      if (signal.aborted) return
      const stopped = Promise.withResolvers<void>()
      function stop(): void {
        stdin.destroy()
        stopped.resolve()
      }
      signal.addEventListener('abort', stop, { once: true })
      // A line may wait for a server or a host that takes no more data.
      await Promise.race([readLines(receive), stopped.promise])
      signal.removeEventListener('abort', stop)
    },
  }
}

/** A broken pipe is the end of the input, as is the abort. */
async function* chunksOf(stdin: Readable): AsyncGenerator {
  try {
    yield* stdin
  } catch {
    // The end.
  }
}

function invalidRequest(id: MessageId | null): Message {
  return errorResponse(id, {
    code: rpcErrorCodes.invalidRequest,
    message:
      'Invalid request: the line is JSON, but not a JSON-RPC 2.0 message. Send one request, notification or response per line.',
  })
}

function refusal(found: string): Message {
  return errorResponse(null, {
    code: rpcErrorCodes.parseError,
    message: `Parse error: ${found} (expected one JSON-RPC message per line). The line was skipped.`,
  })
}

function asBytes(chunk: unknown): Uint8Array {
  return chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk))
}
