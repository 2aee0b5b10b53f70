/** A third-party client that is connected to an MCP server and signed in. */
export interface ToolCaller {
  /** Calls a tool that requires the sign-in. Rejects if the call fails. */
  call(): Promise<void>
  /** `undefined` if the client does not show it. */
  hasRefreshToken(): boolean | undefined
  close(): Promise<void>
}
