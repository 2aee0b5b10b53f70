import { isRecord, messageFrom } from './message.ts'
import type { Message, MessageId } from './message.ts'

/**
 * Error codes of the proxy. The protocol reserves -32000 to -32099 and asks implementations to use
 * codes outside the range of JSON-RPC (MCP 2026-07-28, Error Codes).
 */
export const rpcErrorCodes = {
  /** JSON-RPC 2.0: the line is not JSON. */
  parseError: -32_700,
  /** JSON-RPC 2.0: the line is not a JSON-RPC message. */
  invalidRequest: -32_600,
  /** JSON-RPC 2.0: the method does not exist. */
  methodNotFound: -32_601,
  /** JSON-RPC 2.0: the tool does not exist. */
  invalidParams: -32_602,
  /** 2025-11-25 only: the user must open a URL. */
  urlElicitationRequired: -32_042,
  signInRequired: -31_001,
  signInFailed: -31_002,
  serverUnreachable: -31_003,
  serverRefused: -31_004,
  connectionLost: -31_005,
  proxyFailed: -31_006,
} as const

/** The error of a JSON-RPC response. */
export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** The response to a request that failed. */
export function errorResponse(id: MessageId | null, error: RpcError): Message {
  return messageFrom({ id, error })
}

/** The error that a server put into the body of an HTTP error. */
export function rpcErrorIn(text: string): RpcError | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  const error = isRecord(body) ? body['error'] : undefined
  if (!isRecord(error)) return undefined
  const { code, message, data } = error
  if (typeof code !== 'number' || typeof message !== 'string') return undefined
  return { code, message, ...(data === undefined ? {} : { data }) }
}
