import { EvergrantClientError } from '../lib/errors.ts'

/** The MCP server of a session: which requests go to it, and how they are sent with its token. */
export interface TokenReceiver {
  readonly url: string
  covers(url: string): boolean
  send(url: string, init: RequestInit): Promise<Response>
}

/** A response, and whether it came from the MCP server. */
export interface FollowedAnswer {
  readonly response: Response
  /** Responses of other servers say nothing about a token. */
  readonly fromServer: boolean
}

/** A request as it is sent to one URL. */
export interface Hop {
  readonly url: string
  readonly init: RequestInit
}

/** The statuses of a redirect that `fetch` follows. */
export const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Browsers hide the target of a redirect, and following it would send the token there. */
export function refuseHidden(response: Response, serverUrl: string): void {
  if (response.type !== 'opaqueredirect') return
  throw new EvergrantClientError(
    'RESOURCE_REFUSED',
    `The MCP server ${serverUrl} answered with a redirect, and this runtime hides its target, so the token cannot be protected. Use the URL that the server answers at for the session.`,
  )
}
