import type { Message } from '../messages/message.ts'

/** Passes a message of the server on. The next one is read when its promise resolves. */
export type Deliver = (message: Message) => Promise<void>

/** Options of {@link Upstream.send}. */
export interface SendOptions {
  readonly signal: AbortSignal
  /** Receives the messages that belong to this one, ending with the response to a request. */
  readonly deliver: Deliver
  /** Called when the server has the message, so that its text need not be kept. */
  readonly onAccepted?: (() => void) | undefined
}

/** The MCP server, over one of the transports. */
export interface Upstream {
  /**
   * Sends a message. Resolves when the server has accepted it, and for a request, when the response
   * was delivered.
   *
   * @throws HttpStatusError, SessionLostError, ConnectionLostError, and the errors of the HTTP client
   */
  send(message: Message, options: SendOptions): Promise<void>
  /** Uses the version that `initialize` negotiated. */
  negotiated(protocolVersion: string): void
  /** Opens the stream for messages that belong to no request, if the server has one. */
  listen(): void
  /** Forgets the session of the server, so that `initialize` starts another one. */
  reset(): void
  /** Ends the session. Resolves within the time of `signal`. */
  close(signal: AbortSignal): Promise<void>
}

/** The server answered with an HTTP status that is an error. */
export class HttpStatusError extends Error {
  override readonly name = 'HttpStatusError'
  readonly status: number
  /** The start of the body. */
  readonly text: string
  readonly retryAfter: string | undefined

  constructor(status: number, text: string, retryAfter: string | undefined) {
    super(`The MCP server answered with HTTP status ${status}`)
    this.status = status
    this.text = text
    this.retryAfter = retryAfter
  }
}

/** The server does not know the session any more. `initialize` starts another one. */
export class SessionLostError extends Error {
  override readonly name = 'SessionLostError'
}

/** The connection ended before the response. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError'
}

/** The server's body is not what the protocol allows. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError'
}
