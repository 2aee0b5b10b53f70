/** The ID of a JSON-RPC request. */
export type MessageId = string | number

/** One JSON-RPC message. It is passed on as `text`, unchanged. */
export interface Message {
  /** One line of JSON. */
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
  /** Absent for a notification. `null` in an error response to an unreadable request. */
  readonly id?: MessageId | null
  /** Absent for a response. */
  readonly method?: string
}

/** A message that expects a response. */
export interface RequestMessage extends Message {
  readonly id: MessageId
  readonly method: string
}

/** What a line or an event contains. */
export type ReadResult =
  | {
      readonly outcome: 'messages'
      readonly messages: readonly Message[]
      /** The IDs of the parts of a batch that are not messages; `null` for a part without an ID. */
      readonly rejectedIds: readonly (MessageId | null)[]
    }
  | { readonly outcome: 'not-json' }
  /** JSON, and not a JSON-RPC message. */
  | { readonly outcome: 'not-a-message'; readonly id: MessageId | null }

/**
 * Reads the messages in a text. A batch (protocol version 2025-03-26) is split, because every other
 * version has only single messages.
 */
export function readMessages(text: string): ReadResult {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { outcome: 'not-json' }
  }
  if (!Array.isArray(value)) {
    const message = messageOf(value, oneLine(text))
    return message === undefined
      ? { outcome: 'not-a-message', id: idOf(value) }
      : { outcome: 'messages', messages: [message], rejectedIds: [] }
  }
  return value.length === 0 ? { outcome: 'not-a-message', id: null } : readBatch(value)
}

/** One wrong part must not take the answers of the others (JSON-RPC 2.0, Batch). */
function readBatch(parts: readonly unknown[]): ReadResult {
  const messages: Message[] = []
  const rejectedIds: (MessageId | null)[] = []
  for (const part of parts) {
    const text = isRecord(part) ? textOf(part) : undefined
    const message = text === undefined ? undefined : messageOf(part, text)
    if (message === undefined) rejectedIds.push(idOf(part))
    else messages.push(message)
  }
  return { outcome: 'messages', messages, rejectedIds }
}

/** `JSON.parse` accepts any depth. `JSON.stringify` is recursive, so its depth is limited. */
function textOf(part: Readonly<Record<string, unknown>>): string | undefined {
  try {
    return JSON.stringify(part)
  } catch {
    return undefined
  }
}

/** Makes a message of this program. */
export function messageFrom(body: Readonly<Record<string, unknown>>): Message {
  const complete = { jsonrpc: '2.0', ...body }
  const text = JSON.stringify(complete)
  return messageOf(complete, text) ?? { text, body: complete }
}

export function isRequest(message: Message): message is RequestMessage {
  return message.method !== undefined && message.id !== undefined && message.id !== null
}

/** Whether a message is the response to a request. */
export function isResponseTo(message: Message, id: MessageId): boolean {
  return message.method === undefined && message.id === id
}

/** The parameters of a message; empty if it has none. */
export function paramsOf({ body }: Message): Readonly<Record<string, unknown>> {
  return isRecord(body['params']) ? body['params'] : {}
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Inside strings, JSON escapes line breaks. Outside them, a line break is only white space. */
function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]+/g, ' ').trim() : text
}

function messageOf(value: unknown, text: string): Message | undefined {
  if (!isRecord(value)) return undefined
  const { id, method } = value
  const hasMethod = typeof method === 'string'
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number') {
    return undefined
  }
  if (hasMethod) return id === null ? undefined : { text, body: value, method, ...withId(id) }
  if (method !== undefined || !('result' in value || 'error' in value)) return undefined
  return { text, body: value, ...withId(id) }
}

function withId(id: MessageId | null | undefined): { readonly id?: MessageId | null } {
  return id === undefined ? {} : { id }
}

function idOf(value: unknown): MessageId | null {
  const id = isRecord(value) ? value['id'] : undefined
  return typeof id === 'string' || typeof id === 'number' ? id : null
}
