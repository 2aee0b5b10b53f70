import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { ToolCaller } from './tool-caller.ts'

/** `mcp-remote`, which many desktop hosts use, as a child process over stdio. */
export async function connectMcpRemote(mcpUrl: string): Promise<ToolCaller> {
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-mcp-remote-'))
  const manifest = createRequire(import.meta.url).resolve('mcp-remote/package.json')
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [path.join(path.dirname(manifest), 'dist', 'proxy.js'), mcpUrl, '--allow-http'],
    env: { ...stringsOf(process.env), MCP_REMOTE_CONFIG_DIR: folder, BROWSER: 'true' },
    stderr: 'pipe',
  })
  const visited = new Set<string>()
  transport.stderr?.on('data', (chunk: Buffer) => {
    // It opens a browser and also prints the URL. This follows the printed one.
    const url = /https?:\/\/\S+response_type=\S+/.exec(chunk.toString('utf8'))?.[0]
    if (url === undefined || visited.has(url)) return
    visited.add(url)
    fetch(url).catch(() => undefined)
  })
  const client = new Client({ name: 'interop', version: '1.0.0' })
  await client.connect(transport, { timeout: 30_000 })
  return {
    call: async () => {
      await client.callTool({ name: 'notes_list', arguments: {} }, { timeout: 15_000 })
    },
    hasRefreshToken: () => undefined,
    async close() {
      await client.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function stringsOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )
}
