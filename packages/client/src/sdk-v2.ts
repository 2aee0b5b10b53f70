import type { StreamableHTTPClientTransportOptions } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { AuthorizedFetchOptions } from './fetch.ts'
import { authorizedFetch } from './fetch.ts'
import type { Session } from './session/session-api.ts'

/** Settings of {@link sessionTransport}: the SDK's own, without what the session takes over. */
export type SessionTransportOptions = Omit<
  StreamableHTTPClientTransportOptions,
  'authProvider' | 'fetch'
> &
  AuthorizedFetchOptions

/**
 * A transport for `@modelcontextprotocol/client` 2.x whose sign-in is a session's: refreshed once for
 * all calls, across processes, and never by the SDK itself.
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
