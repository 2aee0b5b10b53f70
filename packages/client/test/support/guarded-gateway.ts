// The code of the guide "Guard URLs of users". It imports as an application does.
// #region egress
import type { RecordStore, Session } from '@evergrant/client'
import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { guardedFetch, isPublicAddress } from '@evergrant/client/guarded-fetch'

/** Created once for the process, because it reuses connections. */
export const egress: typeof fetch = guardedFetch({
  // An MCP server of your network that users may reach.
  allowAddress: (address) => isPublicAddress(address) || address === '10.0.0.5',
})

/** @param mcpServerUrl - The URL that the user entered. */
export function guardedSession(
  store: RecordStore,
  userId: string,
  mcpServerUrl: string,
  fetch: typeof globalThis.fetch = egress,
): { readonly session: Session; readonly fetch: typeof globalThis.fetch } {
  const session = createSession(mcpServerUrl, {
    store,
    partition: userId,
    client: { name: 'Example gateway' },
    signIn: { kind: 'redirect', redirectUri: 'https://gateway.example/oauth/callback' },
    fetch,
  })
  return { session, fetch: authorizedFetch(session, { fetch }) }
}
// #endregion egress
