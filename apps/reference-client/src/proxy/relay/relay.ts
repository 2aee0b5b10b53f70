import type { HostConnection } from '../host/host-connection.ts'
import type { Message, RequestMessage } from '../messages/message.ts'
import { isRequest, paramsOf } from '../messages/message.ts'
import { errorResponse } from '../messages/rpc-errors.ts'
import type { RpcError } from '../messages/rpc-errors.ts'
import { atMost } from '../remote/waiting.ts'
import { statedVersion } from '../remote/request-headers.ts'
import type { Upstream } from '../remote/upstream.ts'
import { UnexpectedAnswerError } from '../remote/upstream.ts'
import type { Handshake } from './handshake.ts'
import { handshake } from './handshake.ts'
import { patiently, sessionSender } from './in-session.ts'
import { byteBudget, inFlightRequests } from './in-flight.ts'
import type { InFlightRequest } from './in-flight.ts'
import { responseDelivery } from './response-delivery.ts'
import type { ToolFilter } from './tool-filter.ts'

/** Passes messages between a host and a server. */
export interface Relay {
  /** Handles one message of the host. Resolves when the next one may be read. */
  receive(message: Message): Promise<void>
  /** Passes on a message of the server that belongs to no request. */
  deliver(message: Message): Promise<void>
  /** Continues after a sign-in. */
  signedIn(): void
  /** Whether a session with the server is open. */
  hasSession(): boolean
  /** Waits for open requests within the limit, then ends them. */
  finish(limitMilliseconds: number): Promise<void>
}

/** What a relay uses. */
export interface RelayOptions {
  readonly host: HostConnection
  readonly upstream: Upstream
  readonly tools: ToolFilter
  readonly describe: (error: unknown) => RpcError
  readonly signal: AbortSignal
  readonly say: (text: string) => void
}

/** How much of the host's input may wait for the server. */
const maximumWaitingBytes = 32 * 1024 * 1024

export function relay(options: RelayOptions): Relay {
  const { host, upstream, tools, describe, say } = options
  const inFlight = inFlightRequests()
  const { deliver, deliverFor } = responseDelivery({ host, inFlight, tools, say })
  const budget = byteBudget(maximumWaitingBytes)
  const shaking = handshake({
    upstream,
    toHost: (message) => host.write(message),
    deliver,
    signal: options.signal,
    say,
  })
  const inSession = sessionSender(shaking, options.signal, say)

  async function runRequest(request: InFlightRequest): Promise<void> {
    const { message, abort } = request
    let failure: unknown = new UnexpectedAnswerError(
      'it accepted the request, and sent no response to it',
    )
    try {
      await sendRequest(request)
    } catch (error) {
      failure = error
    }
    if (!inFlight.settle(message)) return
    if (abort.signal.aborted && !options.signal.aborted) return
    await host.write(errorResponse(message.id, describe(failure)))
  }

  async function sendRequest(request: InFlightRequest): Promise<void> {
    const { message, abort } = request
    const { signal } = abort
    const bytes = message.text.length
    let isHeld = true
    budget.take(bytes)
    function release(): void {
      if (isHeld) budget.release(bytes)
      isHeld = false
    }
    const sending = {
      signal,
      deliver: (one: Message) => deliverFor(request, one),
      onAccepted: release,
    }
    try {
      if (message.method === 'initialize') {
        await patiently(() => shaking.initialize(message, sending), signal)
        return
      }
      await inSession(message, signal, () => upstream.send(message, sending))
    } finally {
      release()
    }
  }

  async function forward(message: Message): Promise<void> {
    const { signal } = options
    try {
      await inSession(message, signal, () => upstream.send(message, { signal, deliver }))
    } catch (error) {
      if (signal.aborted) return
      say(`A message could not be passed on (${nameOf(message)}): ${describe(error).message}`)
    }
  }

  async function cancel(message: Message): Promise<void> {
    const request = inFlight.find(paramsOf(message)['requestId'])
    if (request === undefined) return
    const isStateless = statedVersion(request.message) !== undefined
    // Since 2026-07-28, the end of the stream is the cancellation.
    if (!isStateless) await atMost(cancelMilliseconds, forward(message))
    if (!inFlight.settle(request.message)) return
    request.abort.abort(new Error('the host cancelled the request'))
  }

  return {
    async receive(message) {
      if (isRequest(message)) {
        await receiveRequest(message)
        return
      }
      if (message.method === 'notifications/cancelled') void cancel(message)
      else if (message.method === 'notifications/initialized') {
        // The server must have it before the requests that follow.
        await passInitialized(message, shaking, options)
      } else void forward(message)
    },
    deliver,
    signedIn: () => shaking.resume(),
    hasSession: () => shaking.isReady(),
    async finish(limitMilliseconds) {
      await atMost(limitMilliseconds, inFlight.whenEmpty())
      inFlight.abortAll(new Error('the proxy ends'))
    },
  }

  async function receiveRequest(message: RequestMessage): Promise<void> {
    const refusal = tools.refuse(message)
    if (refusal !== undefined) {
      await host.write(errorResponse(message.id, refusal))
      return
    }
    await budget.whenFree()
    void runRequest(inFlight.add(message))
  }
}

/** How long the server may take to accept a notification that others depend on. */
const initializedMilliseconds = 10_000
const cancelMilliseconds = 5000

async function passInitialized(
  message: Message,
  shaking: Handshake,
  { signal, describe, say }: RelayOptions,
): Promise<void> {
  const passing = shaking.initialized(message, signal).catch((error: unknown) => {
    if (!signal.aborted) say(`The handshake was not completed: ${describe(error).message}`)
  })
  await atMost(initializedMilliseconds, passing)
}

function nameOf(message: Message): string {
  return message.method ?? 'a response'
}
