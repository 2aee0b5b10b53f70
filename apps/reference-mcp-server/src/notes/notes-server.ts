import { McpServer } from '@modelcontextprotocol/server'
import type { Notebook, NotesStore } from './notes-store.ts'
import { registerNotePrompts } from './prompts.ts'
import { registerNoteResources } from './resources.ts'
import { registerNoteTools, registerStatisticsTool } from './tools.ts'
import { resourceTitle } from '../names.ts'

/**
 * Builds the MCP server for one request. The SDK creates one per request, for clients of 2025-11-25 and
 * earlier and of 2026-07-28.
 *
 * @param notebook - The notes of the caller.
 * @param store - For counts over all owners.
 */
export function buildNotesServer(notebook: Notebook, store: NotesStore): McpServer {
  const server = new McpServer(
    { name: 'evergrant-notes', title: resourceTitle, version: '0.0.0' },
    {
      // Requests are separate, so there is no stream on which a change could be announced.
      capabilities: {
        tools: { listChanged: false },
        resources: { listChanged: false },
        prompts: { listChanged: false },
      },
      instructions: 'Stores short notes of the signed-in user. Call notes_list first.',
    },
  )
  registerNoteTools(server, notebook)
  registerStatisticsTool(server, store)
  registerNoteResources(server, notebook, store)
  registerNotePrompts(server, notebook)
  return server
}
