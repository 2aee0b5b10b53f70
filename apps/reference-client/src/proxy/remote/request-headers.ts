import type { Message } from '../messages/message.ts'
import { isRecord, paramsOf } from '../messages/message.ts'

/** The member of `_meta` that every request has since 2026-07-28. */
export const protocolVersionMember = 'io.modelcontextprotocol/protocolVersion'

/** The protocol version that a request states itself; `undefined` in versions before 2026-07-28. */
export function statedVersion(message: Message): string | undefined {
  const meta = paramsOf(message)['_meta']
  const version = isRecord(meta) ? meta[protocolVersionMember] : undefined
  return typeof version === 'string' ? version : undefined
}

/** Parameters of tools that are copied into headers, by tool: the path in the arguments, and the header. */
export type HeaderParameters = ReadonlyMap<string, readonly HeaderParameter[]>

interface HeaderParameter {
  readonly path: readonly string[]
  readonly header: string
}

/**
 * The headers that copy parts of a message since 2026-07-28. A host on stdio does not send them, so
 * the proxy makes them.
 *
 * @see MCP 2026-07-28, Streamable HTTP: Request Metadata
 */
export function copiedHeaders(
  message: Message,
  version: string,
  parameters: HeaderParameters,
): Record<string, string> {
  const headers: Record<string, string> = { 'mcp-protocol-version': version }
  if (message.method === undefined) return headers
  headers['mcp-method'] = encoded(message.method)
  const { name, uri, arguments: args } = paramsOf(message)
  const named = message.method === 'resources/read' ? uri : name
  if (namedMethods.has(message.method) && typeof named === 'string') {
    headers['mcp-name'] = encoded(named)
  }
  if (message.method !== 'tools/call' || typeof name !== 'string') return headers
  for (const { path, header } of parameters.get(name) ?? []) {
    const value = textOf(valueAt(args, path))
    if (value !== undefined) headers[`mcp-param-${header.toLowerCase()}`] = encoded(value)
  }
  return headers
}

const namedMethods: ReadonlySet<string> = new Set(['tools/call', 'resources/read', 'prompts/get'])

/**
 * Reads which parameters the tools of a `tools/list` result copy into headers.
 *
 * @returns The tools whose definitions break the rules, which must not be offered to the host.
 */
export function readHeaderParameters(
  tools: readonly unknown[],
  into: Map<string, readonly HeaderParameter[]>,
): readonly string[] {
  const invalid: string[] = []
  for (const tool of tools) {
    if (!isRecord(tool) || typeof tool['name'] !== 'string') continue
    const found: HeaderParameter[] = []
    const isValid = collect(tool['inputSchema'], [], found) && areUnique(found)
    if (isValid) into.set(tool['name'], found)
    else invalid.push(tool['name'])
  }
  return invalid
}

const annotation = 'x-mcp-header'
const primitiveTypes: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean'])
const longestPath = 16

function collect(schema: unknown, path: readonly string[], found: HeaderParameter[]): boolean {
  if (!isRecord(schema) || path.length > longestPath) return true
  const header = schema[annotation]
  if (header !== undefined) {
    const isToken = typeof header === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(header)
    if (!isToken || path.length === 0 || !primitiveTypes.has(schema['type'])) return false
    found.push({ path, header })
  }
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties' && isRecord(value)) {
      for (const [name, one] of Object.entries(value)) {
        if (!collect(one, [...path, name], found)) return false
      }
    } else if (keyword !== annotation && isAnnotated(value, 0)) return false
  }
  return true
}

/** Whether an annotation is where it must not be, such as inside `items` or `anyOf`. */
function isAnnotated(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth > longestPath) return false
  if (!Array.isArray(value) && annotation in value) return true
  return Object.values(value).some((one) => isAnnotated(one, depth + 1))
}

function areUnique(parameters: readonly HeaderParameter[]): boolean {
  const names = parameters.map(({ header }) => header.toLowerCase())
  return new Set(names).size === names.length
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const name of path) {
    found = isRecord(found) && Object.hasOwn(found, name) ? found[name] : undefined
  }
  return found
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? String(value) : undefined
}

/** Values that a header cannot carry are sent in base64. */
function encoded(value: string): string {
  const isPlain = /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/.test(value)
  const looksEncoded = value.startsWith('=?base64?') && value.endsWith('?=')
  return isPlain && !looksEncoded ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`
}
