import type { ClientEvent, Session } from '@evergrant/client'
import { createSession, EvergrantClientError } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { memoryStore } from '@evergrant/client/stores/memory'
import type { Peer } from './peers/peer.ts'

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
  /** What the client says after the refresh token was revoked, or why that was not tested. */
  readonly afterRevocation: string
  /** The outcome of the revocation when the user signs out, after another sign-in. */
  readonly signOut: string
}

/** What every server's result must be. */
export const expectedOfServers: Partial<TheirServerResult> = {
  refreshToken: 'issued',
  refreshes: rounds,
  signIns: 1,
  failedCalls: 0,
}

/** The head of a table of results. */
export const serverColumns = [
  'authorization server',
  '`offline_access`',
  'refresh token',
  'refreshes',
  'rotated',
  'sign-ins',
  'failed calls',
  'after revocation',
  'sign-out',
] as const

/** The cells of a result, without the name of the server. */
export function serverRow(result: TheirServerResult): string[] {
  const { offlineAccess, refreshToken, refreshes, rotated, signIns, failedCalls } = result
  const counts = [refreshes, rotated, signIns, failedCalls].map(String)
  return [offlineAccess, refreshToken, ...counts, result.afterRevocation, result.signOut]
}

/** Signs in, rejects the access token repeatedly during concurrent calls, then revokes the grant. */
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
  const wire = watchWire()
  let signIns = 0
  const session = createSession(peer.resource.url, {
    store: memoryStore(),
    fetch: wire.fetch,
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
  const fetchAuthorized = authorizedFetch(session)
  const { refreshToken, decision } = await session.signIn()
  let failedCalls = 0
  for (let round = 0; round < rounds; round += 1) {
    // #region round
    await peer.resource.rejectToken((await session.getAccessToken()).value)
    const answers = await Promise.allSettled(
      Array.from({ length: callers }, () => fetchAuthorized(peer.resource.url, peer.call)),
    )
    // #endregion round
    failedCalls += answers.filter(
      (answer) => answer.status === 'rejected' || !answer.value.ok,
    ).length
  }
  await session.whenIdle()
  const refreshes = events.filter((event) => event.type === 'refresh-succeeded')
  const signInsBefore = signIns
  const afterRevocation = await revoke(session, wire)
  // The kept access token is still good, so without `force` no page opens.
  await session.signIn({ force: true })
  return {
    offlineAccess: decision?.offlineAccess ?? 'unknown',
    refreshToken,
    rotated: refreshes.filter(({ rotated }) => rotated).length,
    refreshes: refreshes.length,
    signIns: signInsBefore,
    failedCalls,
    afterRevocation,
    signOut: (await session.signOut()).revocation,
  }
}

/** Revokes the refresh token behind the client's back, and returns what its session says then. */
async function revoke(session: Session, wire: Wire): Promise<string> {
  const { revocationEndpoint, authorization, clientId, clientSecret, refreshToken } = wire.seen()
  if (revocationEndpoint === undefined) return 'not offered'
  const answer = await fetch(revocationEndpoint, {
    method: 'POST',
    headers: authorization === undefined ? {} : { authorization },
    body: new URLSearchParams({
      token: refreshToken,
      token_type_hint: 'refresh_token',
      client_id: clientId,
      // The Python SDK requires the parameter. An empty one counts as omitted (RFC 6749 §3.2).
      client_secret: clientSecret,
    }),
  })
  if (!answer.ok) return `refused with ${answer.status}`
  const { value } = await session.getAccessToken()
  try {
    await session.getAccessToken({ rejectedAccessToken: value })
    return 'still refreshed'
  } catch (error) {
    if (!EvergrantClientError.is(error)) throw error
    const { state, ended } = await session.status()
    return `${state}: ${ended?.reason ?? error.code} (${ended?.oauthError ?? 'no error'})`
  }
}

/** What a client and its authorization server exchanged. Contains secrets. */
interface Wire {
  readonly fetch: typeof globalThis.fetch
  readonly seen: () => {
    readonly revocationEndpoint: string | undefined
    /** The header of the last token request. */
    readonly authorization: string | undefined
    readonly clientId: string
    /** The parameter of the last token request; empty if there was none. */
    readonly clientSecret: string
    readonly refreshToken: string
  }
}

/** The tokens of a session are not public, so the test reads them where they arrive. */
function watchWire(): Wire {
  let revocationEndpoint: string | undefined
  let authorization: string | undefined
  let form = new URLSearchParams()
  let refreshToken = ''
  return {
    async fetch(input, init) {
      const response = await fetch(input, init)
      const text = await response.text()
      const body = parsed(text)
      revocationEndpoint = stringOf(body, 'revocation_endpoint') ?? revocationEndpoint
      refreshToken = stringOf(body, 'refresh_token') ?? refreshToken
      if (init?.body instanceof URLSearchParams && init.body.has('grant_type')) {
        form = init.body
        authorization = new Headers(init.headers).get('authorization') ?? undefined
      }
      const { status, headers } = response
      return new Response(status === 204 || status === 304 ? null : text, { status, headers })
    },
    seen: () => ({
      revocationEndpoint,
      authorization,
      clientId: form.get('client_id') ?? '',
      clientSecret: form.get('client_secret') ?? '',
      refreshToken,
    }),
  }
}

function stringOf(body: object, name: string): string | undefined {
  const value: unknown = Reflect.get(body, name)
  return typeof value === 'string' ? value : undefined
}

function parsed(text: string): object {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
