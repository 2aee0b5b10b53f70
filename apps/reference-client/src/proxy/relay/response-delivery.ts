import type { HostConnection } from '../host/host-connection.ts'
import type { Message } from '../messages/message.ts'
import { messageFrom } from '../messages/message.ts'
import type { InFlight, InFlightRequest } from './in-flight.ts'
import type { ToolFilter } from './tool-filter.ts'

/** Passes messages of the server to the host. */
export interface ResponseDelivery {
  /** Passes a message on. A response goes to its request, and at most once. */
  readonly deliver: (message: Message) => Promise<void>
  /** Passes a message of a request's stream or body on. */
  readonly deliverFor: (request: InFlightRequest, message: Message) => Promise<void>
}

/** What the delivery uses. */
export interface ResponseDeliveryOptions {
  readonly host: HostConnection
  readonly inFlight: InFlight
  readonly tools: ToolFilter
  readonly say: (text: string) => void
}

/** A host gets one response to each request, and none to a request that it did not send. */
export function responseDelivery(options: ResponseDeliveryOptions): ResponseDelivery {
  const { host, inFlight, tools, say } = options

  async function respond(request: InFlightRequest | undefined, message: Message): Promise<void> {
    if (request === undefined) {
      say('The server sent a response to no open request. It was left out.')
      return
    }
    // First, because it fails for a result that is nested too deeply. The request then gets that error.
    const response = tools.filterResult(request.message, message)
    if (inFlight.settle(message)) await host.write(response)
  }

  async function deliver(message: Message): Promise<void> {
    if (message.method !== undefined) await host.write(message)
    else await respond(inFlight.find(message.id), message)
  }

  return {
    deliver,
    async deliverFor(request, message) {
      // A server that could not read the ID answers this request, because the body has no other one.
      const hasNoId = message.method === undefined && (message.id ?? null) === null
      if (!hasNoId) await deliver(message)
      else await respond(request, messageFrom({ ...message.body, id: request.message.id }))
    },
  }
}
