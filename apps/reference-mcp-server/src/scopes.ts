import { uniteScopes } from '@evergrant/core'
import type { ScopeImplications } from '@evergrant/resource-server'

/** What a client needs to connect and look around: the first challenge asks for no more. */
export const basicScopes: readonly string[] = ['mcp:read']

/** The administrator's scope stands for the other two. */
export const scopeImplications: ScopeImplications = { 'mcp:admin': ['mcp:read', 'mcp:write'] }

export type ToolName = 'notes_list' | 'notes_add' | 'notes_clear'

// #region tool-scopes
/** All scopes each tool needs, so that one challenge can name them all. */
const toolScopes: Readonly<Record<ToolName, readonly string[]>> = {
  notes_list: ['mcp:read'],
  // It answers with the notebook as it is afterwards, so it reads too.
  notes_add: ['mcp:read', 'mcp:write'],
  notes_clear: ['mcp:admin'],
}

/**
 * The scopes a JSON-RPC message needs, read before the MCP SDK sees it: only then can the answer
 * still be an HTTP 403 with a challenge, which is what a client steps up on.
 *
 * @param message - The parsed body; `undefined` for a request without one.
 */
export function requiredScopes(message: unknown): readonly string[] {
  // A batch, which clients before 2025-06-18 may send, needs what all of its messages need.
  const messages: readonly unknown[] = Array.isArray(message) ? message : [message]
  const tools = new Set(messages.map((one) => calledTool(one)))
  return uniteScopes(
    ...[...tools].map((tool) => (tool === undefined ? basicScopes : toolScopes[tool])),
  )
}
// #endregion tool-scopes

/** The tool of ours that a message calls, if it does. */
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
