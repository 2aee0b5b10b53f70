import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server'

const maximumEvents = 1000

/** The last events of one session, so that a client that lost its stream can continue it. */
export function createEventStore(): EventStore {
  const events = new Map<string, { readonly streamId: string; readonly message: JSONRPCMessage }>()
  let count = 0

  return {
    async storeEvent(streamId, message) {
      count += 1
      const eventId = String(count)
      events.set(eventId, { streamId, message })
      events.delete(String(count - maximumEvents))
      return eventId
    },
    async getStreamIdForEventId(eventId) {
      return events.get(eventId)?.streamId
    },
    async replayEventsAfter(lastEventId, { send }) {
      const streamId = events.get(lastEventId)?.streamId ?? ''
      for (const [eventId, event] of events) {
        const isLater = Number(eventId) > Number(lastEventId)
        // The first event of a stream has no message.
        const hasMessage = Object.keys(event.message).length > 0
        if (isLater && hasMessage && event.streamId === streamId) await send(eventId, event.message)
      }
      return streamId
    },
  }
}
