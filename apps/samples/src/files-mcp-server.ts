/** The MCP server of the samples for SDK 2.x, Hono and Fastify. Its tools see the caller, not the token. */
import { McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'

export function buildFilesServer(): McpServer {
  const server = new McpServer({ name: 'files', version: '1.0.0' })
  server.registerTool('list_files', { description: 'Lists your files' }, ({ http }) => {
    const subject = http?.authInfo?.extra?.['subject']
    return { content: [{ type: 'text', text: `Files of ${String(subject)}: hello.txt` }] }
  })
  server.registerTool(
    'replace_file',
    {
      description: 'Replaces a file, and returns its old content',
      inputSchema: z.object({ text: z.string() }),
    },
    ({ text }) => ({ content: [{ type: 'text', text: `Replaced "Hello!" with "${text}"` }] }),
  )
  return server
}
