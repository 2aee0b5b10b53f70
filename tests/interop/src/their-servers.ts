import type { ClientEvent } from '@evergrant/client'
import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { memoryStore } from '@evergrant/client/stores/memory'
import { startBetterAuth } from './peers/better-auth.ts'
import { startOAuth2MockServer } from './peers/oauth2-mock-server.ts'
import { startOidcProvider } from './peers/oidc-provider.ts'
import type { Peer } from './peers/peer.ts'
import { startWorkersOAuthProvider } from './peers/workers-oauth-provider.ts'

/** The third-party authorization servers, by package. */
export const theirServers: Readonly<Record<string, () => Promise<Peer>>> = {
  'oidc-provider': startOidcProvider,
  '@better-auth/oauth-provider': startBetterAuth,
  '@cloudflare/workers-oauth-provider': startWorkersOAuthProvider,
  'oauth2-mock-server': startOAuth2MockServer,
}

/** Number of rounds: in each, the access token is rejected during eight concurrent calls. */
export const rounds = 5
const callers = 8

/** The result of `@evergrant/client` at a third-party authorization server. */
export interface TheirServerResult {
  /** The outcome for `offline_access`, from `negotiateScope`. */
  readonly offlineAccess: string
  readonly refreshToken: 'issued' | 'not-issued'
  /** Refreshes that returned a new refresh token. */
  readonly rotated: number
  readonly refreshes: number
  readonly signIns: number
  readonly failedCalls: number
}

/** Signs in, then rejects the access token repeatedly during concurrent calls. */
export async function tryServer(start: () => Promise<Peer>): Promise<TheirServerResult> {
  const peer = await start()
  try {
    return await signInAndRefresh(peer)
  } finally {
    await peer.close()
  }
}

async function signInAndRefresh(peer: Peer): Promise<TheirServerResult> {
  const events: ClientEvent[] = []
  let signIns = 0
  const session = createSession(peer.resource.url, {
    store: memoryStore(),
    client: {
      name: 'Evergrant interop',
      ...(peer.preRegistered === undefined ? {} : { preRegistered: peer.preRegistered }),
    },
    signIn: {
      kind: 'interactive',
      prepare(preferredRedirectUri) {
        signIns += 1
        return peer.signIn.prepare(preferredRedirectUri)
      },
    },
    observe: (event) => events.push(event),
  })
  const fetch = authorizedFetch(session)
  const { refreshToken, decision } = await session.signIn()
  let failedCalls = 0
  for (let round = 0; round < rounds; round += 1) {
    // #region round
    peer.resource.rejectToken((await session.getAccessToken()).value)
    const answers = await Promise.allSettled(
      Array.from({ length: callers }, () => fetch(peer.resource.url)),
    )
    // #endregion round
    failedCalls += answers.filter(
      (answer) => answer.status === 'rejected' || !answer.value.ok,
    ).length
  }
  await session.whenIdle()
  const refreshes = events.filter((event) => event.type === 'refresh-succeeded')
  return {
    offlineAccess: decision?.offlineAccess ?? 'unknown',
    refreshToken,
    rotated: refreshes.filter(({ rotated }) => rotated).length,
    refreshes: refreshes.length,
    signIns,
    failedCalls,
  }
}
