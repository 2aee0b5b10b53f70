// A gateway, as an application writes it. The guide "Many users" has a whole program.
import type { RecordStore, Session } from '@evergrant/client'
import { createSession, EvergrantClientError, findSignIn } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'

/** @param userId - The user of the gateway, from its own sign-in. */
export function sessionOf(store: RecordStore, userId: string, mcpServerUrl: string): Session {
  return createSession(mcpServerUrl, {
    store,
    partition: userId,
    client: { name: 'Example gateway' },
    signIn: { kind: 'redirect', redirectUri: 'https://gateway.example/oauth/callback' },
  })
}

export async function forward(session: Session, message: string): Promise<Response> {
  try {
    return await authorizedFetch(session)(session.serverUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: message,
    })
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.authorizationUrl === undefined) throw error
    // The user must sign in. After that, the call succeeds.
    return Response.json({ signInUrl: error.authorizationUrl }, { status: 401 })
  }
}

/** Answers GET /oauth/callback, on any machine. */
export async function finishSignIn(
  store: RecordStore,
  userId: string,
  callbackUrl: string,
): Promise<Response> {
  const signIn = await findSignIn(store, callbackUrl)
  // Otherwise, a callback that another user started would give this user that user's account.
  if (signIn?.partition !== userId) return new Response('Start again.', { status: 400 })
  try {
    await sessionOf(store, userId, signIn.serverUrl).completeSignIn(callbackUrl)
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.authorizationUrl === undefined) throw error
    // The server refused the request, for example offline_access. Another one can help.
    return Response.redirect(error.authorizationUrl)
  }
  return new Response('You are signed in. Close this page.')
}

import { createPostgresTable, postgresStore } from '@evergrant/client/stores/postgres'
import type { Pool } from 'pg'

/** @param key - 32 bytes from the secrets of the gateway. */
export async function openStore(pool: Pool, key: Uint8Array): Promise<RecordStore> {
  await createPostgresTable(pool)
  return postgresStore(pool, { key })
}

import type { RefreshWorker, RefreshWorkerOptions } from '@evergrant/client/refresh-worker'
import { createRefreshWorker } from '@evergrant/client/refresh-worker'

export async function keepFresh(
  store: RecordStore,
  options: RefreshWorkerOptions = {},
): Promise<RefreshWorker> {
  const worker = createRefreshWorker(store, options)
  await worker.start()
  return worker
}
