/** Takes over a sign-in that another program or an SDK's own provider has stored. */
// #region import
import { createSession, EvergrantClientError } from '@evergrant/client'
import type { ForeignSignIn, RecordStore } from '@evergrant/client'

/** What a provider of an SDK stored: `clientInformation()` and `tokens()`. */
export interface StoredByProvider {
  readonly client: { readonly client_id: string; readonly client_secret?: string | undefined }
  readonly tokens: {
    readonly access_token: string
    readonly refresh_token?: string | undefined
    readonly scope?: string | undefined
  }
  /** The redirect URI that the client is registered with. */
  readonly redirectUri?: string | undefined
}

/** Call it once for each user. After that, the provider must not refresh any more. */
export async function takeOver(
  serverUrl: string,
  store: RecordStore,
  { client, tokens, redirectUri }: StoredByProvider,
): Promise<'taken over' | 'already signed in'> {
  const session = createSession(serverUrl, { store, client: { name: 'My client' } })
  const signIn: ForeignSignIn = {
    client: { clientId: client.client_id, clientSecret: client.client_secret, redirectUri },
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    scope: tokens.scope,
  }
  try {
    await session.importSignIn(signIn)
    return 'taken over'
  } catch (error) {
    const { state } = await session.status()
    if (EvergrantClientError.is(error) && state === 'active') return 'already signed in'
    throw error
  }
}
// #endregion import
