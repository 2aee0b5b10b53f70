import type { ClientEvent } from '@evergrant/client'

/** Records what a command does, for `--trace`. */
export interface TraceRecorder {
  /** Makes a `fetch` that records every request and its response. */
  readonly recording: (send: typeof globalThis.fetch) => typeof globalThis.fetch
  /** Records an event of a session. */
  event(event: ClientEvent): void
  /** Records a decision, with the requirements that it follows from. */
  decision(text: string, requirements: readonly string[]): void
}
