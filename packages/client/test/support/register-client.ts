import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import { registerDynamically } from '../../src/protocol/dynamic-registration.ts'
import type { RegisterClientOptions } from '../../src/protocol/dynamic-registration.ts'
import { assertDynamicRegistration } from '../../src/protocol/dynamic-registration.ts'
import { standingRegistration } from '../../src/protocol/registration.ts'
import type { ClientConfiguration, ClientRegistration } from '../../src/protocol/registration.ts'

/** Gets a client ID in the order of the specification (C-37), without a store. */
export async function registerClient(
  authorizationServer: AuthorizationServerMetadata,
  client: ClientConfiguration,
  redirectUri: string,
  options: RegisterClientOptions = {},
): Promise<ClientRegistration> {
  const standing = standingRegistration(authorizationServer, client)
  if (standing !== undefined) return standing
  assertDynamicRegistration(authorizationServer.issuer, client)
  return await registerDynamically(authorizationServer, client, redirectUri, options)
}
