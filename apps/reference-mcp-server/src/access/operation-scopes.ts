import { uniteScopes } from '@evergrant/core'
import type { ScopeImplications } from '@evergrant/resource-server'

/** The administrator's scope includes the other two. */
export const scopeImplications: ScopeImplications = { 'mcp:admin': ['mcp:read', 'mcp:write'] }

export type ToolName =
  | 'notes_list'
  | 'notes_read'
  | 'notes_write'
  | 'notes_delete'
  | 'notes_statistics'

/** The resource with counts over all owners. */
export const statisticsUri = 'notes://statistics'

// #region operation-scopes
/** The scopes to connect and to list what there is. The first challenge asks for no more. */
export const basicScopes: readonly string[] = ['mcp:read']
const changeScopes: readonly string[] = ['mcp:read', 'mcp:write']
const adminScopes: readonly string[] = ['mcp:admin']

/** All scopes that each tool requires, so that one challenge can name all of them. */
const toolScopes: Readonly<Record<ToolName, readonly string[]>> = {
  notes_list: basicScopes,
  notes_read: basicScopes,
  // The result contains the note, so the tool also reads.
  notes_write: changeScopes,
  notes_delete: changeScopes,
  notes_statistics: adminScopes,
}

type Params = Readonly<Record<string, unknown>>

/** The scopes of each operation: fixed, or computed from the parameters of the message. */
const operationScopes: Readonly<
  Record<string, readonly string[] | ((params: Params) => readonly string[])>
> = {
  'tools/call': ({ name }) => (isToolName(name) ? toolScopes[name] : basicScopes),
  'resources/list': basicScopes,
  'resources/templates/list': basicScopes,
  'resources/read': ({ uri }) => (isStatistics(uri) ? adminScopes : basicScopes),
  'prompts/list': basicScopes,
  'prompts/get': basicScopes,
  'completion/complete': basicScopes,
}

/**
 * Returns the scopes that a JSON-RPC message requires. Call it before the MCP SDK reads the message:
 * only then can the response be an HTTP 403 with a challenge, which a client needs for a step-up.
 *
 * @param message - The parsed body; `undefined` for a request without a body.
 */
export function requiredScopes(message: unknown): readonly string[] {
  // A batch, which clients of 2025-03-26 may send, requires the scopes of all its messages.
  const messages: readonly unknown[] = Array.isArray(message) ? message : [message]
  return uniteScopes(...new Set(messages.map((one) => scopesOfOne(one))))
}
// #endregion operation-scopes

function scopesOfOne(message: unknown): readonly string[] {
  const { method, params } = readCall(message)
  const scopes = Object.hasOwn(operationScopes, method) ? operationScopes[method] : undefined
  return typeof scopes === 'function' ? scopes(params) : (scopes ?? basicScopes)
}

/** The tools of this server that a message calls. */
export function calledTools(message: unknown): readonly ToolName[] {
  const messages: readonly unknown[] = Array.isArray(message) ? message : [message]
  return messages.flatMap((one) => {
    const { method, params } = readCall(one)
    const { name } = params
    return method === 'tools/call' && isToolName(name) ? [name] : []
  })
}

/** The operation for the log. Text of the client appears only if it is a name of this server. */
export function operationName(message: unknown): string {
  if (Array.isArray(message)) return 'batch'
  const { method, params } = readCall(message)
  if (!Object.hasOwn(operationScopes, method)) {
    return connectionMethods.has(method) ? method : 'other'
  }
  const { name } = params
  return method === 'tools/call' && isToolName(name) ? `${method} ${name}` : method
}

const connectionMethods = new Set([
  'initialize',
  'notifications/initialized',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tools/list',
])

function readCall(message: unknown): { readonly method: string; readonly params: Params } {
  if (!isObject(message) || typeof message['method'] !== 'string') return { method: '', params: {} }
  const { method, params } = message
  return { method, params: isObject(params) ? params : {} }
}

function isToolName(name: unknown): name is ToolName {
  return typeof name === 'string' && Object.hasOwn(toolScopes, name)
}

/** Normalizes the URI as the SDK does before it looks up the resource. */
function isStatistics(uri: unknown): boolean {
  return typeof uri === 'string' && URL.parse(uri)?.href === statisticsUri
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
