import { uniteScopes } from '@evergrant/core'
import type { ScopeImplications } from '@evergrant/resource-server'

/** The scopes to connect and list tools. The first challenge asks for no more. */
export const basicScopes: readonly string[] = ['mcp:read']

/** The administrator's scope includes the other two. */
export const scopeImplications: ScopeImplications = { 'mcp:admin': ['mcp:read', 'mcp:write'] }

export type ToolName = 'notes_list' | 'notes_add' | 'notes_clear'

// #region tool-scopes
/** All scopes that each tool requires, so that one challenge can name all of them. */
const toolScopes: Readonly<Record<ToolName, readonly string[]>> = {
  notes_list: ['mcp:read'],
  // The result contains all notes, so the tool also reads.
  notes_add: ['mcp:read', 'mcp:write'],
  notes_clear: ['mcp:admin'],
}

/**
 * Returns the scopes that a JSON-RPC message requires. Call it before the MCP SDK reads the message:
 * only then can the response be an HTTP 403 with a challenge, which a client needs for a step-up.
 *
 * @param message - The parsed body; `undefined` for a request without a body.
 */
export function requiredScopes(message: unknown): readonly string[] {
  // A batch, which clients before 2025-06-18 may send, requires the scopes of all its messages.
  const messages: readonly unknown[] = Array.isArray(message) ? message : [message]
  const tools = new Set(messages.map((one) => calledTool(one)))
  return uniteScopes(
    ...[...tools].map((tool) => (tool === undefined ? basicScopes : toolScopes[tool])),
  )
}
// #endregion tool-scopes

/** The tool that a message calls; `undefined` if it calls none of this server's tools. */
export function calledTool(message: unknown): ToolName | undefined {
  if (!isObject(message) || message['method'] !== 'tools/call') return undefined
  const { params } = message
  const name = isObject(params) ? params['name'] : undefined
  return isToolName(name) ? name : undefined
}

function isToolName(name: unknown): name is ToolName {
  return typeof name === 'string' && Object.hasOwn(toolScopes, name)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
