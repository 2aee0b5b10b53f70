import type { Exchange } from '../observations/observations.ts'

/** What every request of the probe needs. */
export interface ProbeContext {
  readonly fetch: typeof globalThis.fetch
  /** The time of the injected clock, in milliseconds. */
  nowMilliseconds(): number
  readonly startedAtMilliseconds: number
  readonly requestTimeoutMilliseconds: number
  readonly signal: AbortSignal | undefined
  record(exchange: Exchange): void
}
