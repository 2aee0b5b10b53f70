import type { StreamableHTTPClientTransportOptions } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { AuthorizedFetchOptions } from './fetch.ts'
import { authorizedFetch } from './fetch.ts'
import type { Session } from './session/session-api.ts'

/** Options of {@link sessionTransport}: those of the SDK, without the ones that the session replaces. */
export type SessionTransportOptions = Omit<
  StreamableHTTPClientTransportOptions,
  'authProvider' | 'fetch'
> &
  AuthorizedFetchOptions

/**
 * A transport for `@modelcontextprotocol/client` 2.x that signs in with a session. The session refreshes once for all
 * calls and processes. The SDK never refreshes.
 *
 * @example
 * await client.connect(sessionTransport(session))
 */
export function sessionTransport(
  session: Session,
  options: SessionTransportOptions = {},
): StreamableHTTPClientTransport {
  const { fetch, maximumStepUps, ...transport } = options
  return new StreamableHTTPClientTransport(new URL(session.serverUrl), {
    ...transport,
    fetch: authorizedFetch(session, { fetch, maximumStepUps }),
  })
}
