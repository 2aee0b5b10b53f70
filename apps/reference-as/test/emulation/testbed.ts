import { startTrustingResource } from '@evergrant/test-kit'
import { findEmulatedServer } from '../../src/emulation/servers/catalog.ts'
import { startAuthorizationServer } from '../../src/index.ts'
import type { AuthorizationServerOptions } from '../../src/index.ts'

export const scope = 'mcp:read'
export const redirectUri = 'http://127.0.0.1/callback'
export const clientId = 'preregistered'
export const clientWithoutGrantType = 'without-grant-type'
export const publicClientId = 'public-client'
export const clientSecret = 'a secret for tests only'

export const client = {
  redirect_uris: [redirectUri],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  application_type: 'native',
} as const

/** Issuers whose configured clients have a secret. */
export const confidentialIssuers = new Set<string>()

/** A listed resource that no test requests. */
export const otherResource = 'http://127.0.0.1:9/other'

/** The listed resources of a server, one or two. */
export const lists: Readonly<Record<string, (resource: string) => readonly string[]>> = {
  'one resource': (resource) => [resource],
  'another resource after it': (resource) => [resource, otherResource],
  'another resource before it': (resource) => [otherResource, resource],
}

/** The reference server emulating a product, and a resource it protects. */
export async function startTestbed(
  emulate: string,
  more: AuthorizationServerOptions = {},
  list: (resource: string) => readonly string[] = (resource) => [resource],
) {
  const resource = await startTrustingResource(scope)
  const own = isConfidential(emulate)
    ? { token_endpoint_auth_method: 'client_secret_post' as const, client_secret: clientSecret }
    : {}
  const bothGrants = { grant_types: ['authorization_code', 'refresh_token'] }
  const as = await startAuthorizationServer({
    demo: true,
    emulate,
    resources: list(resource.url),
    clients: [
      { ...client, ...own, client_id: clientId, ...bothGrants },
      {
        ...client,
        ...own,
        client_id: clientWithoutGrantType,
        grant_types: ['authorization_code'],
      },
      { ...client, client_id: publicClientId, ...bothGrants },
    ],
    ...more,
  })
  resource.protectedBy(as.issuer)
  if (isConfidential(emulate)) confidentialIssuers.add(as.issuer)
  return {
    as,
    resource,
    async [Symbol.asyncDispose]() {
      await as.close()
      await resource.close()
    },
  }
}

/** Whether only confidential clients can try a server. */
function isConfidential(name: string): boolean {
  return findEmulatedServer(name)?.behaviors.publicClients?.value === 'get-none'
}
