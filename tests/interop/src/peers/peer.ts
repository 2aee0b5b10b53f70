import type { ClientConfiguration, InteractiveSignIn } from '@evergrant/client'
import type { TrustingResource } from '@evergrant/test-kit'

/** The scope of the resource that every peer protects. */
export const resourceScope = 'mcp:read'

/** An authorization server that nobody here wrote, with a resource it protects. */
export interface Peer {
  readonly resource: TrustingResource
  readonly signIn: InteractiveSignIn
  /** Registrations made beforehand, at servers that register nobody. */
  readonly preRegistered?: NonNullable<ClientConfiguration['preRegistered']>
  close(): Promise<void>
}
