import { readdir, readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'

/** A sign-in in the store of mcp-remote. */
export interface StoredByMcpRemote {
  /** The name that mcp-remote derives from the entry of the host. */
  readonly hash: string
  readonly folder: string
  /** `undefined` if the file cannot be read as JSON. */
  readonly tokens: Readonly<Record<string, unknown>> | undefined
  /** Absent for a client that is given by an option. */
  readonly client: Readonly<Record<string, unknown>> | undefined
}

/** The folder of the store: `MCP_REMOTE_CONFIG_DIR`, otherwise `~/.mcp-auth`. */
export function mcpRemoteFolder(env: Readonly<Record<string, string | undefined>>): string {
  const given = env['MCP_REMOTE_CONFIG_DIR']
  const home = env['HOME'] ?? env['USERPROFILE'] ?? homedir()
  return given === undefined || given === '' ? path.join(home, '.mcp-auth') : given
}

const tokensFile = /^([0-9a-f]{32})_tokens\.json$/
const largestFileBytes = 1_048_576

/**
 * Reads the store of mcp-remote, and changes nothing in it. Of a sign-in that several versions stored,
 * only the one of the newest version is returned.
 */
export async function storedSignIns(folder: string): Promise<readonly StoredByMcpRemote[]> {
  const found = new Map<string, StoredByMcpRemote>()
  for (const version of await versionsIn(folder)) {
    const files = await readdir(version).catch(() => [])
    for (const file of files) {
      const hash = tokensFile.exec(file)?.[1]
      if (hash === undefined || found.has(hash)) continue
      found.set(hash, {
        hash,
        folder: version,
        tokens: await readJson(path.join(version, file)),
        client: await readJson(path.join(version, `${hash}_client_info.json`)),
      })
    }
  }
  return [...found.values()]
}

/** Folders such as `mcp-remote-v1` and, of older versions, `mcp-remote-0.1.29`: the newest first. */
async function versionsIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => name.startsWith('mcp-remote-'))
    .toSorted((one, other) => rankOf(other).localeCompare(rankOf(one), 'en', { numeric: true }))
    .map((name) => path.join(folder, name))
}

/** The layouts with a number come after all versions. */
function rankOf(name: string): string {
  const version = name.slice('mcp-remote-'.length)
  return version.startsWith('v') ? `1-${version}` : `0-${version}`
}

async function readJson(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const found = await stat(file)
    // A link to a device would have no end.
    if (!found.isFile() || found.size > largestFileBytes) return undefined
    const text = await readFile(file, 'utf8')
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}
