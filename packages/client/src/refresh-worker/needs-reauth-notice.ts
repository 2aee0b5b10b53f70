import type { GrantEnd } from '../grant/grant.ts'

/** A grant that needs the user. It has no token. */
export interface NeedsReauthNotice {
  /** The same for every delivery of one event. Letters, digits, `-` and `_`. */
  readonly id: string
  /** Which user of the host the grant belongs to. */
  readonly partition: string
  /** The URL of the MCP server, if a session signed in to it. */
  readonly serverUrl?: string | undefined
  readonly issuer: string
  readonly resource: string
  readonly clientId: string
  readonly reason: GrantEnd['reason']
  /** RFC 6749 §5.2 `error`, if the authorization server sent one. */
  readonly oauthError?: string | undefined
  /** What the authorization server answered, in plain words. */
  readonly detail?: string | undefined
  readonly endedAtEpochSeconds: number
  /** 1 for the first delivery. */
  readonly attempt: number
}
