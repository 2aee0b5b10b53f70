import { createHash } from 'node:crypto'
import type { WrittenHeader } from '../proxy/flags/headers.ts'

/** What mcp-remote derives the name of a stored sign-in from. */
export interface McpRemoteEntry {
  /** As it is written in the configuration of the host. */
  readonly serverUrl: string
  readonly resource?: string | undefined
  readonly authorizeParams?: Readonly<Record<string, string>> | undefined
  readonly headers?: readonly WrittenHeader[] | undefined
  readonly clientMetadataUrl?: string | undefined
  readonly tokenEndpoint?: string | undefined
}

/** The name of a sign-in in the store of mcp-remote 0.15.1. */
export function mcpRemoteHash(entry: McpRemoteEntry): string {
  const { serverUrl, resource, authorizeParams = {}, headers = [] } = entry
  const { clientMetadataUrl, tokenEndpoint } = entry
  const byName = Object.fromEntries(headers.map(({ name, value }) => [name, value]))
  const parts = [
    serverUrl,
    ...(resource === undefined ? [] : [resource]),
    ...sortedJson(authorizeParams),
    ...sortedJson(byName),
    ...(clientMetadataUrl === undefined ? [] : [clientMetadataUrl]),
    ...(tokenEndpoint === undefined ? [] : [tokenEndpoint]),
  ]
  return createHash('md5').update(parts.join('|')).digest('hex')
}

const firstPort = 3335
const ports = 45_816

/** The callback port that mcp-remote 0.15.1 uses, which a client registered by hand may depend on. */
export function mcpRemotePort(hash: string): number {
  return firstPort + (Number.parseInt(hash.slice(0, 4), 16) % ports)
}

function sortedJson(values: Readonly<Record<string, string>>): readonly string[] {
  const names = Object.keys(values).sort()
  return names.length === 0 ? [] : [JSON.stringify(values, names)]
}
