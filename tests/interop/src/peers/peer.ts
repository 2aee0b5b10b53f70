import type { ClientConfiguration, InteractiveSignIn } from '@evergrant/client'

/** The scope of the resource that every peer protects. */
export const resourceScope = 'mcp:read'

/** A third-party authorization server, with a resource that it protects. */
export interface Peer {
  readonly resource: {
    readonly url: string
    /** Rejects this token with 401 from now on, as if it had expired. */
    rejectToken(accessToken: string): void | Promise<void>
  }
  /** A request that the resource answers with 200. Default: GET. */
  readonly call?: RequestInit
  readonly signIn: InteractiveSignIn
  /** Pre-registered clients, for servers without registration. */
  readonly preRegistered?: NonNullable<ClientConfiguration['preRegistered']>
  close(): Promise<void>
}
