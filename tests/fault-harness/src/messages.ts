import type { RefreshStep } from './refresh-steps.ts'
import type { StoreDescription } from './stores/store-kind.ts'

/** Settings of a worker process. */
export interface WorkerSettings {
  readonly serverUrl: string
  readonly store: StoreDescription
  readonly requestTimeoutMilliseconds: number
  readonly maximumWaitSeconds: number
  /** The first back-off after a failure at the token endpoint. Default: the client's. */
  readonly initialBackoffSeconds?: number
  /** The time at which this process's clock stands, apart from offsets. Default: it runs. */
  readonly standsAtEpochSeconds?: number
  /** The constant error of this process's clock, added to the offset in each command. */
  readonly clockSkewSeconds: number
}

/** Messages from the parent to a worker. Work carries the time, so all processes agree on it. */
export type Command =
  | { readonly do: 'open'; readonly settings: WorkerSettings }
  /** Calls `getAccessToken()` from `count` concurrent callers. */
  | (Work & { readonly do: 'tokens' })
  /** Sends `count` concurrent requests to the MCP server through `authorizedFetch`. */
  | (Work & { readonly do: 'requests' })
  /** Answers when no refresh is in flight. */
  | (Work & { readonly do: 'idle' })
  /** Stops the next refresh that reaches this step, and reports it. */
  | { readonly do: 'stop-at'; readonly step: RefreshStep }
  /** Continues a stopped refresh, and clears the stop. */
  | { readonly do: 'go-on' }
  /** Makes every write of the store fail with this system error. Without a code, writes succeed. */
  | { readonly do: 'fail-writes'; readonly code?: string }

export interface Work {
  readonly id: number
  readonly count: number
  readonly clockOffsetSeconds: number
}

/** Messages from a worker to the parent. */
export type Report =
  | { readonly report: 'open' }
  | { readonly report: 'at-step'; readonly step: RefreshStep }
  | { readonly report: 'answer'; readonly id: number; readonly answer: Answer }

/** The result of one piece of work. Contains no secrets. */
export interface Answer {
  readonly succeeded: number
  /** The number of errors by code. */
  readonly errors: Readonly<Record<string, number>>
  /** The message of the first error. */
  readonly firstError?: string
  /** Digests of the access tokens that callers received. */
  readonly tokens: readonly string[]
  /** The number of responses by HTTP status. */
  readonly statuses: Readonly<Record<string, number>>
}
