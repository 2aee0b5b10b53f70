/** Somebody else's client, connected to an MCP server and signed in. */
export interface ToolCaller {
  /** Calls a tool that needs the sign-in; rejects where that fails. */
  call(): Promise<void>
  close(): Promise<void>
}
