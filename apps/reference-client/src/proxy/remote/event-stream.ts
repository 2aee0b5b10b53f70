import { lineSplitter } from '../messages/line-splitter.ts'
import type { Message } from '../messages/message.ts'
import { readMessages } from '../messages/message.ts'

/** An event of a stream of server-sent events. */
export interface ServerEvent {
  readonly type: string
  readonly data: string
}

/** Where a stream is: what a client needs to resume it. */
export interface StreamPosition {
  /** The ID of the last event; `undefined` if the server sent none. */
  lastEventId: string | undefined
  /** How long the server asks clients to wait before they reconnect. */
  retryMilliseconds: number | undefined
}

/**
 * Reads the events of a body.
 *
 * @param position - Updated while events are read, also by events without data.
 * @throws Error for an event longer than `maximumBytes`
 * @see HTML standard, Server-sent events
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  position: StreamPosition,
  maximumBytes: number,
): AsyncGenerator<ServerEvent> {
  const splitter = lineSplitter(maximumBytes, { carriageReturn: true })
  let data: string[] = []
  let size = 0
  let type = ''
  let isFirst = true
  for await (const chunk of body) {
    for (const line of splitter.push(chunk)) {
      if ('tooLong' in line) throw new Error(`an event is longer than ${maximumBytes} bytes`)
      const text = isFirst ? line.text.replace(/^\uFEFF/, '') : line.text
      isFirst = false
      if (text === '') {
        if (data.length > 0) yield { type: type === '' ? 'message' : type, data: data.join('\n') }
        data = []
        size = 0
        type = ''
        continue
      }
      const { field, value } = fieldOf(text)
      if (field === 'data') {
        size += value.length + lineOverhead
        if (size > maximumBytes) throw new Error(`an event is longer than ${maximumBytes} bytes`)
        data.push(value)
      }
      if (field === 'event') type = value
      if (field === 'id' && !value.includes('\0')) position.lastEventId = resumableId(value)
      if (field === 'retry' && /^\d{1,9}$/.test(value)) position.retryMilliseconds = Number(value)
    }
  }
}

/** Memory of a line in addition to its characters. A server may send any number of empty lines. */
const lineOverhead = 64
const longestEventId = 4096

/** An ID that a header cannot carry does not resume a stream. */
function resumableId(value: string): string | undefined {
  return value.length > longestEventId || /[^\t\u0020-\u007E\u0080-\u{10FFFF}]/u.test(value)
    ? undefined
    : value
}

function fieldOf(line: string): { readonly field: string; readonly value: string } {
  const colon = line.indexOf(':')
  if (colon === -1) return { field: line, value: '' }
  const from = line[colon + 1] === ' ' ? colon + 2 : colon + 1
  return { field: line.slice(0, colon), value: line.slice(from) }
}

/** The messages in the data of an event. An event without data starts a stream, and is no message. */
export function messagesIn(data: string, say: (text: string) => void): readonly Message[] {
  if (data.trim() === '') return []
  const read = readMessages(data)
  if (read.outcome === 'messages' && read.rejectedIds.length === 0) return read.messages
  say('The server sent an event that is not a JSON-RPC message. It was skipped.')
  return read.outcome === 'messages' ? read.messages : []
}
