/** The clients that are compared. */
export type PeerName = 'ours' | 'sdk-v1' | 'sdk-v2'

/** The settings of a client's process. */
export interface PeerSettings {
  readonly peer: PeerName
  readonly serverUrl: string
  readonly issuer: string
  readonly folder: string
}

/** A connected MCP client. */
export interface ConnectedPeer {
  /** Calls the tool once. */
  call(): Promise<unknown>
  /** How often it prompted the user. */
  signIns(): number
}
