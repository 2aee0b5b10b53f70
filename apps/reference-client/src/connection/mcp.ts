import type { BearerChallenge } from '@evergrant/core'
import { readBearerChallenge } from '@evergrant/core'
import type { Session } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { sessionTransport } from '@evergrant/client/sdk-v2'
import { Client } from '@modelcontextprotocol/client'
import type { App } from './app.ts'
import { version } from '../lib/version.ts'

const answerTimeoutMilliseconds = 15_000

/** What sends requests, and until when. */
type Requester = Pick<App, 'environment' | 'fetch'>

/** How long a call may take in which a person may have to widen what was granted. */
const requestTimeoutMilliseconds = 10 * 60_000

/**
 * Connects to the session's MCP server, in the newest protocol version that both speak, and closes
 * the connection when `work` is done.
 *
 * A sign-in, where one is needed, comes first: within the SDK's connection it would be cut off by
 * the SDK's own time limits.
 */
export async function withClient<Result>(
  session: Session,
  app: Requester,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const { fetch, environment } = app
  const { signal } = environment
  // #region connect
  const ask = authorizedFetch(session, { fetch: impatient(fetch) })
  await discard(await ask(session.serverUrl, ping(signal)))
  const client = new Client(
    { name: 'evergrant', version },
    { versionNegotiation: { mode: 'auto' } },
  )
  await client.connect(sessionTransport(session, { fetch }), requestOptions(signal))
  // #endregion connect
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

/** What the MCP server asks of somebody it does not know; `undefined` if it asks for nothing. */
export async function firstChallenge(
  serverUrl: string,
  { fetch, environment }: Requester,
): Promise<BearerChallenge | undefined> {
  const response = await impatient(fetch)(serverUrl, ping(environment.signal))
  await discard(response)
  if (response.status !== 401) return undefined
  return readBearerChallenge(response.headers.get('www-authenticate') ?? '')
}

/** The settings of one request. */
export function requestOptions(signal: AbortSignal | undefined): {
  readonly timeout: number
  readonly signal?: AbortSignal
} {
  return { timeout: requestTimeoutMilliseconds, ...(signal === undefined ? {} : { signal }) }
}

/** The least a server can be asked for: what it thinks of the message itself does not matter. */
function ping(signal: AbortSignal | undefined): RequestInit {
  return {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'ping', method: 'ping' }),
    // A redirect could lead anywhere; the URL to use is the one the person named.
    redirect: 'manual',
    ...(signal === undefined ? {} : { signal }),
  }
}

/** Each request has its own time limit, and a sign-in between two of them has none. */
function impatient(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => {
    const limit = AbortSignal.timeout(answerTimeoutMilliseconds)
    const signal = init?.signal
    const either =
      signal === undefined || signal === null ? limit : AbortSignal.any([signal, limit])
    return fetch(input, { ...init, signal: either })
  }
}

async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined)
}
