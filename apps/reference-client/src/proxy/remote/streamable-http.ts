import { maximumMessageBytes } from '../host/host-connection.ts'
import type { Message, RequestMessage } from '../messages/message.ts'
import { isRequest, isResponseTo, readMessages } from '../messages/message.ts'
import type { HttpClient, HttpResponse } from './http.ts'
import { contentType, readText } from './http.ts'
import { followRequest } from './request-stream.ts'
import { serverStreams } from './server-streams.ts'
import type { HeaderParameters } from './request-headers.ts'
import { copiedHeaders, statedVersion } from './request-headers.ts'
import type { Deliver, SendOptions, Upstream } from './upstream.ts'
import {
  ConnectionLostError,
  HttpStatusError,
  SessionLostError,
  UnexpectedAnswerError,
} from './upstream.ts'
import type { WakeWatch } from './wake.ts'

/** What the transport uses. */
export interface StreamableHttpOptions {
  readonly send: HttpClient
  /** Receives messages that belong to no request. */
  readonly deliver: Deliver
  /** Parameters that are copied into headers, as the tools of the server declare. */
  readonly headerParameters: HeaderParameters
  readonly wakes: WakeWatch
  /** Writes a line for the log. */
  readonly say: (text: string) => void
}

/** The state of a connection to a server with sessions. */
interface SessionState {
  id: string | undefined
  protocolVersion: string | undefined
  listening: AbortController | undefined
}

/** Requests that a server may get twice without harm. */
const repeatableMethods =
  /^(?:initialize|ping|server\/discover|notifications\/.*|.*\/list|.*\/get|.*\/read|completion\/complete)$/
const maximumErrorBytes = 65_536

/**
 * Speaks Streamable HTTP, with sessions (2025-03-26 to 2025-11-25) and without (2026-07-28): each
 * message says itself which one applies.
 */
export function streamableHttp(serverUrl: string, options: StreamableHttpOptions): Upstream {
  const session: SessionState = {
    id: undefined,
    protocolVersion: undefined,
    listening: undefined,
  }
  const streams = serverStreams({ ...options, url: serverUrl, headers: sessionHeaders })

  function sessionHeaders(): Record<string, string> {
    return {
      ...(session.id === undefined ? {} : { 'mcp-session-id': session.id }),
      ...(session.protocolVersion === undefined
        ? {}
        : { 'mcp-protocol-version': session.protocolVersion }),
    }
  }

  function headersOf(message: Message): Record<string, string> {
    const version = statedVersion(message)
    return {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(version === undefined
        ? sessionHeaders()
        : copiedHeaders(message, version, options.headerParameters)),
    }
  }

  async function send(message: Message, { signal, deliver, onAccepted }: SendOptions) {
    const sentSession = session.id
    const response = await options.send({
      method: 'POST',
      url: serverUrl,
      headers: headersOf(message),
      body: message.text,
      signal,
      isRepeatable: message.method === undefined || repeatableMethods.test(message.method),
    })
    onAccepted?.()
    if (response.status >= 400 || response.status < 200) {
      throw await refusal(response, statedVersion(message) === undefined ? sentSession : undefined)
    }
    if (message.method === 'initialize') session.id = response.header('mcp-session-id')
    if (!isRequest(message)) {
      response.discard()
      return
    }
    await receive(response, message, deliver, signal)
  }

  async function receive(
    response: HttpResponse,
    request: RequestMessage,
    deliver: Deliver,
    signal: AbortSignal,
  ): Promise<void> {
    const type = contentType(response)
    if (type === 'text/event-stream') {
      const hasSession = statedVersion(request) === undefined
      await followRequest(response, request, {
        deliver,
        signal,
        wakes: options.wakes,
        say: options.say,
        resume: hasSession
          ? (position, failures) => streams.resume(position, failures, signal)
          : undefined,
      })
      return
    }
    const text = await readText(response, maximumMessageBytes).catch((cause: unknown) => {
      if (signal.aborted) throw signal.reason
      if (cause instanceof UnexpectedAnswerError) throw cause
      const reason = cause instanceof Error ? cause.message : 'unknown reason'
      throw new ConnectionLostError(`its body could not be read (${reason})`, { cause })
    })
    if (await deliverText(text, request, deliver, type)) return
    throw new UnexpectedAnswerError('its body does not contain the response to the request')
  }

  return {
    send,
    negotiated(protocolVersion) {
      session.protocolVersion = protocolVersion
    },
    listen() {
      session.listening?.abort()
      session.listening = new AbortController()
      void streams.listen(session.listening.signal).catch(() => undefined)
    },
    reset() {
      session.listening?.abort()
      session.id = undefined
      session.protocolVersion = undefined
    },
    async close(signal) {
      session.listening?.abort()
      if (session.id === undefined) return
      const request = {
        method: 'DELETE',
        url: serverUrl,
        headers: sessionHeaders(),
        signal,
      } as const
      await options.send(request).then(
        (response) => response.discard(),
        () => undefined,
      )
    },
  }
}

/** Returns whether the response to the request was among the messages. */
async function deliverText(
  text: string,
  request: RequestMessage,
  deliver: Deliver,
  type: string,
): Promise<boolean> {
  const read = readMessages(text)
  if (read.outcome !== 'messages') {
    throw new UnexpectedAnswerError(
      `its body is ${type === '' ? 'without a content type' : type} and not a JSON-RPC message`,
    )
  }
  for (const message of read.messages) await deliver(message)
  return read.messages.some((message) => isResponseTo(message, request.id))
}

/**
 * The specification requires 404 for a session that the server does not know. Many servers answer
 * with 400 and say so in the text.
 */
async function refusal(response: HttpResponse, sentSession: string | undefined): Promise<Error> {
  const { status } = response
  const retryAfter = response.header('retry-after')
  const text = await readText(response, maximumErrorBytes).catch(() => '')
  const namesSession = status === 400 && /session/i.test(text)
  if (sentSession !== undefined && (status === 404 || namesSession)) {
    return new SessionLostError(`the server does not know the session (HTTP status ${status})`)
  }
  return new HttpStatusError(status, text, retryAfter)
}
