import { McpServer } from '@modelcontextprotocol/server'
import type { CallToolResult } from '@modelcontextprotocol/server'
import * as z from 'zod'
import type { Notebook } from './notes.ts'
import type { ToolName } from './scopes.ts'

/**
 * Builds the MCP server for one request. The SDK creates one per request, for clients of 2025-11-25
 * and of 2026-07-28.
 *
 * The tools check no scope: the endpoint has already done that.
 */
export function buildNotesServer(notebook: Notebook): McpServer {
  const server = new McpServer({ name: 'evergrant-notes', version: '0.0.0' })
  const names = {
    list: 'notes_list',
    add: 'notes_add',
    clear: 'notes_clear',
  } as const satisfies Record<string, ToolName>

  server.registerTool(
    names.list,
    { description: 'Lists your notes. Requires mcp:read.', annotations: { readOnlyHint: true } },
    () => textResult(describe(notebook)),
  )
  server.registerTool(
    names.add,
    {
      description: 'Adds a note and lists all notes. Requires mcp:read and mcp:write.',
      inputSchema: z.object({ text: z.string().min(1).max(2000) }),
    },
    ({ text }) => {
      notebook.add(text)
      return textResult(describe(notebook))
    },
  )
  server.registerTool(
    names.clear,
    {
      description: 'Removes all your notes. Requires mcp:admin.',
      annotations: { destructiveHint: true },
    },
    () => textResult(`Removed ${notebook.clear()} notes.`),
  )
  return server
}

function describe(notebook: Notebook): string {
  const notes = notebook.list()
  if (notes.length === 0) return 'No notes.'
  return notes.map((note, index) => `${index + 1}. ${note}`).join('\n')
}

function textResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] }
}
