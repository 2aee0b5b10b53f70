import type { StoredArtifact } from '@evergrant/authorization-server/oidc-provider'
import type { Client, Provider } from 'oidc-provider'

/** Whether a registration, as it is stored, is of a client that needs nothing but a plain refresh. */
export type IsPlainClient = (clientId: string, stored: StoredArtifact) => Promise<boolean>

/** As many clients as refresh on one instance at a time. An entry has about a kilobyte. */
const maximumClients = 10_000

/**
 * Lets the engine check each registration once: its metadata may be refused by the settings of today.
 * Registrations do not change, but the stored text is compared in case another version changes them.
 */
export function createPlainClients(provider: Provider): IsPlainClient {
  /** By client ID, least recently checked first. */
  const checked = new Map<string, { readonly metadata: string; readonly isPlain: boolean }>()
  return async (clientId, { payload }) => {
    const metadata = JSON.stringify(payload)
    const known = checked.get(clientId)
    if (known?.metadata === metadata) return known.isPlain
    const client = await provider.Client.find(clientId)
    const isPlain = client !== undefined && isPlainClient(client)
    checked.delete(clientId)
    checked.set(clientId, { metadata, isPlain })
    const [oldest] = checked.keys()
    if (checked.size > maximumClients && oldest !== undefined) checked.delete(oldest)
    return isPlain
  }
}

/** A public client without keys, certificates or pairwise subjects. */
function isPlainClient(client: Client): boolean {
  return (
    client.clientAuthMethod === 'none' &&
    client.grantTypeAllowed('refresh_token') &&
    client.subjectType === 'public' &&
    client.jwksUri === undefined &&
    client['dpopBoundAccessTokens'] !== true &&
    client['tlsClientCertificateBoundAccessTokens'] !== true
  )
}
