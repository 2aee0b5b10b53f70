import type { Message, MessageId, RequestMessage } from '../messages/message.ts'

/** A request of the host without a response so far. */
export interface InFlightRequest {
  readonly message: RequestMessage
  readonly abort: AbortController
}

/** The requests of the host that have no response yet. */
export interface InFlight {
  add(message: RequestMessage): InFlightRequest
  find(id: unknown): InFlightRequest | undefined
  /** Removes a request. Returns whether it had no response yet. */
  settle(message: Message): boolean
  /** Resolves when there are none. */
  whenEmpty(): Promise<void>
  abortAll(reason: Error): void
}

export function inFlightRequests(): InFlight {
  const requests = new Map<string, InFlightRequest>()
  let waiting: (() => void)[] = []

  function settle({ id }: Pick<Message, 'id'>): boolean {
    const removed = requests.delete(keyOf(id))
    if (requests.size === 0) {
      for (const resolve of waiting) resolve()
      waiting = []
    }
    return removed
  }

  return {
    add(message) {
      const request = { message, abort: new AbortController() }
      requests.set(keyOf(message.id), request)
      return request
    },
    find: (id) => requests.get(keyOf(id as MessageId)),
    settle,
    whenEmpty: () =>
      requests.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => void waiting.push(() => resolve())),
    abortAll(reason) {
      for (const { abort } of requests.values()) abort.abort(reason)
    },
  }
}

function keyOf(id: MessageId | null | undefined): string {
  return JSON.stringify(id ?? null)
}

/** Limits how much of the host's input waits to be accepted by the server. */
export interface ByteBudget {
  take(bytes: number): void
  release(bytes: number): void
  /** Resolves when less than the limit is taken. */
  whenFree(): Promise<void>
}

export function byteBudget(maximumBytes: number): ByteBudget {
  let used = 0
  let waiting: (() => void)[] = []
  return {
    take(bytes) {
      used += bytes
    },
    release(bytes) {
      used -= bytes
      if (used >= maximumBytes) return
      const next = waiting
      waiting = []
      for (const resolve of next) resolve()
    },
    async whenFree() {
      if (used >= maximumBytes) await new Promise<void>((resolve) => void waiting.push(resolve))
    },
  }
}
