import type { ScriptedAuthorizationServer, VirtualClock } from '@evergrant/test-kit'
import type { ClientId } from '../../src/index.ts'

/** The real code of a client: several processes that share one sign-in. */
export interface ClientUnderTest {
  /** Sends one call of a process. Rejects if the call fails. */
  call(process: number): Promise<void>
  /** How often it opened the authorization page, after the first sign-in. */
  pages(): number
  /** The user finishes the sign-in, if a page is open. */
  finishSignIn(): Promise<void>
  /** The process that saves tokens next is killed before it saves them. */
  killBeforeNextSave(): void
  /** Resolves when that has happened. The process is then started again. */
  killed(): Promise<void>
}

/** What the client is connected to. */
export interface Surroundings {
  readonly as: ScriptedAuthorizationServer
  readonly resource: string
  readonly clock: VirtualClock
  readonly processes: number
}

/** A client before it is signed in. */
export interface Candidate {
  readonly id: ClientId
  /** Whether each of several calls that meet an expiry sends a refresh of its own. */
  readonly refreshesForEachCall: boolean
  start(surroundings: Surroundings): Promise<ClientUnderTest>
}

export const scope = 'mcp:read offline_access'
