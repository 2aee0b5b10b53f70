import type { ClientConfiguration, InteractiveSignIn } from '@evergrant/client'
import type { TrustingResource } from '@evergrant/test-kit'

/** The scope of the resource that every peer protects. */
export const resourceScope = 'mcp:read'

/** A third-party authorization server, with a resource that it protects. */
export interface Peer {
  readonly resource: TrustingResource
  readonly signIn: InteractiveSignIn
  /** Pre-registered clients, for servers without registration. */
  readonly preRegistered?: NonNullable<ClientConfiguration['preRegistered']>
  close(): Promise<void>
}
