import type { User } from '../world/user.ts'
import type { Life } from '../world/machine.ts'
import type { SimulatedFetch } from '../world/network.ts'
import type { World } from '../world/world.ts'

/** The clients that are compared. */
export const clientIds = ['sdk-v1', 'sdk-v1-offline', 'sdk-v2', 'mcp-remote', 'ours'] as const
export type ClientId = (typeof clientIds)[number]

/** What a process of a client runs with. */
export interface Surroundings {
  readonly life: Life
  readonly fetch: SimulatedFetch
}

/** A running process. */
export interface RunningProcess {
  /**
   * Sends one call, and waits for a sign-in if one is necessary. Resolves with whether the MCP server
   * answered it.
   */
  call(): Promise<boolean>
}

/** The real code of a client: several processes of one user that share a sign-in. */
export interface Client {
  start(surroundings: Surroundings): RunningProcess
  /**
   * How long before its expiry a token is still sent without anything else, in seconds. Calls before
   * that are not run, because they do nothing else.
   */
  readonly aheadSeconds: number
  /** Whether a process keeps the token in memory after it has read it once. */
  readonly remembersToken: boolean
  /** The expiry of the token that the next call would send, in seconds since the epoch. */
  expiryFor(process: number): number | undefined
  /** The user removes the stored tokens. */
  reset(): void
}

export interface ClientContext {
  readonly world: World
  readonly user: User
}
