import { isJsonContentType } from '@modelcontextprotocol/server'

/** The result of {@link readMessage}. */
export type MessageReading =
  /** The parsed body; `undefined` if the request has no JSON body, which the MCP SDK answers. */
  { readonly message: unknown } | { readonly refused: Response }

const maximumNesting = 64
const maximumBatch = 50

/**
 * Reads the JSON-RPC message of a request. The MCP SDK gets the parsed message, so it handles exactly
 * what was authorized.
 *
 * Refuses text that is not JSON, nesting deeper than 64 levels, and batches of more than 50 messages.
 * The node listener limits the size of the body.
 */
export async function readMessage(request: Request): Promise<MessageReading> {
  const isMessage =
    request.method === 'POST' && isJsonContentType(request.headers.get('content-type'))
  if (!isMessage) return { message: undefined }
  const text = await request.text()
  // Code that walks the message recursively would exceed the stack.
  if (isNestedDeeperThan(text, maximumNesting)) {
    return refused(-32_600, `The message is nested deeper than ${maximumNesting} levels.`)
  }
  const message = parseJson(text)
  if (message === undefined) return refused(-32_700, 'The body is not JSON.')
  if (Array.isArray(message) && message.length > maximumBatch) {
    return refused(-32_600, `The batch has more than ${maximumBatch} messages. Split it.`)
  }
  return { message }
}

/** Counts brackets outside strings, in linear time. The text need not be JSON. */
function isNestedDeeperThan(text: string, maximum: number): boolean {
  let depth = 0
  let isInString = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (isInString) {
      if (character === '\\') index += 1
      else if (character === '"') isInString = false
    } else if (character === '"') {
      isInString = true
    } else if (character === '[' || character === '{') {
      depth += 1
      if (depth > maximum) return true
    } else if (character === ']' || character === '}') {
      depth -= 1
    }
  }
  return false
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** JSON-RPC 2.0 §5.1: the ID is `null`, because it cannot be read. */
function refused(code: number, message: string): MessageReading {
  const body = { jsonrpc: '2.0', error: { code, message }, id: null }
  return { refused: Response.json(body, { status: 400 }) }
}

/** How many messages a parsed body contains. */
export function messageCount(message: unknown): number {
  return Array.isArray(message) ? message.length : 1
}
