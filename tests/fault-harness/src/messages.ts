import type { RefreshStep } from '@evergrant/client'
import type { StoreDescription } from './stores/store-kind.ts'

/** What a worker process needs to know. */
export interface WorkerSettings {
  readonly serverUrl: string
  readonly store: StoreDescription
  readonly requestTimeoutMilliseconds: number
  readonly maximumWaitSeconds: number
  /** The first back-off after a failure at the token endpoint. Default: the client's. */
  readonly initialBackoffSeconds?: number
  /** How far this process's clock is off, besides what each command says. */
  readonly clockSkewSeconds: number
}

/** What the parent tells a worker. Work carries the time, so that all processes agree on it. */
export type Command =
  | { readonly do: 'open'; readonly settings: WorkerSettings }
  /** `getAccessToken()` from this many callers at once. */
  | (Work & { readonly do: 'tokens' })
  /** Requests to the MCP server through `authorizedFetch`, at once. */
  | (Work & { readonly do: 'requests' })
  /** Answers when no refresh is under way. */
  | (Work & { readonly do: 'idle' })
  /** Stop at the next refresh that comes to this step, and say so. */
  | { readonly do: 'stop-at'; readonly step: RefreshStep }
  /** Go on from the step, and stop at none. */
  | { readonly do: 'go-on' }
  /** From now on every write of the store fails with this system error; without one, none does. */
  | { readonly do: 'fail-writes'; readonly code?: string }

export interface Work {
  readonly id: number
  readonly count: number
  readonly clockOffsetSeconds: number
}

/** What a worker tells the parent. */
export type Report =
  | { readonly report: 'open' }
  | { readonly report: 'at-step'; readonly step: RefreshStep }
  | { readonly report: 'answer'; readonly id: number; readonly answer: Answer }

/** How a piece of work went. Nothing secret in it. */
export interface Answer {
  readonly succeeded: number
  /** How often each error code came. */
  readonly errors: Readonly<Record<string, number>>
  /** The first error, in words. */
  readonly firstError?: string
  /** Digests of the access tokens that were handed out. */
  readonly tokens: readonly string[]
  /** How often each status came back to the callers. */
  readonly statuses: Readonly<Record<string, number>>
}
