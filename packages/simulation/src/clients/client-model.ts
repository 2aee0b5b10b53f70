import type { Task } from '../lib/timeline.ts'
import type { ServerRules } from '../server/server-rules.ts'
import type { WorldListener } from '../world/world.ts'

/** The clients that are compared. */
export type ClientId = 'sdk-v1' | 'sdk-v2' | 'ours'

/** A client in a simulation. */
export interface ModeledClient extends WorldListener {
  /** Whether a call would be answered at once, with the token that the process has. */
  isReady(process: number): boolean
  /** Sends one call that is not answered at once. */
  call(process: number): Task
  /** The process starts without memory. */
  restarted(process: number): void
}

/** What a client asks for unless the application says otherwise, as measured. */
export interface AskingDefaults {
  readonly name: string
  readonly declaresRefreshGrant: boolean
  readonly requestsOfflineAccess: boolean
}

/** Measured by `apps/samples/test/sdk-requests.test.ts`. */
export const askingDefaults: Readonly<Record<ClientId, AskingDefaults>> = {
  'sdk-v1': { name: 'MCP SDK 1.x', declaresRefreshGrant: false, requestsOfflineAccess: false },
  'sdk-v2': { name: 'MCP SDK 2.x', declaresRefreshGrant: true, requestsOfflineAccess: false },
  ours: { name: 'Evergrant', declaresRefreshGrant: true, requestsOfflineAccess: true },
}

/** Whether a server issues refresh tokens to a client with its defaults. */
export function getsRefreshToken(
  { declaresRefreshGrant, requestsOfflineAccess }: AskingDefaults,
  { refreshTokenFor }: Pick<ServerRules, 'refreshTokenFor'>,
): boolean {
  const issued: Readonly<Record<ServerRules['refreshTokenFor'], boolean>> = {
    always: true,
    'grant-type': declaresRefreshGrant,
    'offline-access': requestsOfflineAccess,
    nothing: false,
  }
  return issued[refreshTokenFor]
}
