import type { BearerChallenge } from '@evergrant/core'
import { readBearerChallenge } from '@evergrant/core'
import type { Session } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { sessionTransport } from '@evergrant/client/sdk-v2'
import { Client } from '@modelcontextprotocol/client'
import type { App } from './app.ts'
import { version } from '../lib/version.ts'
import { signInIfPossible } from './interactive-sign-in.ts'
import type { SignInFlags } from './sign-in-flags.ts'
import { serverFacts } from './sign-in-flags.ts'
import { commandName } from '../names.ts'

const responseTimeoutMilliseconds = 15_000

/** What sends requests, and the signal that aborts them. */
type Requester = Pick<App, 'environment' | 'fetch'>

/** Time limit of a call, which may include a step-up by the user. */
const requestTimeoutMilliseconds = 10 * 60_000

/**
 * Connects to the session's MCP server, in the newest protocol version that both support, and
 * closes the connection when `work` is done.
 *
 * A sign-in, if one is required, comes first. Inside the SDK's connection, the SDK's time limits
 * would abort it.
 */
export async function withClient<Result>(
  session: Session,
  app: Requester,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const { fetch, environment } = app
  const { signal } = environment
  // #region connect
  const ask = authorizedFetch(session, { fetch: withTimeout(fetch) })
  await discard(await ask(session.serverUrl, ping(signal)))
  const client = new Client(
    { name: commandName, version },
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

/** Connects with the stored sign-in, or a new one if that is possible. */
export async function withSignedInClient<Result>(
  serverUrl: string,
  flags: SignInFlags,
  app: App,
  work: (client: Client, session: Session) => Promise<Result>,
): Promise<Result> {
  const facts = serverFacts(flags, app.environment.env)
  const session = app.session(serverUrl, { signIn: signInIfPossible(flags, app), facts })
  return await withClient(session, app, async (client) => await work(client, session))
}

/** The MCP server's challenge to a request without a token; `undefined` if there is none. */
export async function firstChallenge(
  serverUrl: string,
  { fetch, environment }: Requester,
): Promise<BearerChallenge | undefined> {
  const response = await withTimeout(fetch)(serverUrl, ping(environment.signal))
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

/** The smallest MCP request. Only the challenge matters, not the response to the message. */
export function ping(signal: AbortSignal | undefined): RequestInit {
  return {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'ping', method: 'ping' }),
    // A redirect could lead anywhere. Use only the URL that the user named.
    redirect: 'manual',
    ...(signal === undefined ? {} : { signal }),
  }
}

/** Limits the time of each request. A sign-in between two requests has no limit. */
export function withTimeout(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => {
    const limit = AbortSignal.timeout(responseTimeoutMilliseconds)
    const signal = init?.signal
    const either =
      signal === undefined || signal === null ? limit : AbortSignal.any([signal, limit])
    return fetch(input, { ...init, signal: either })
  }
}

/** Ends a response whose body does not matter. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined)
}
