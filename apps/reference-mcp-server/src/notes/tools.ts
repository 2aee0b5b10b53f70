import type { CallToolResult, McpServer, ToolAnnotations } from '@modelcontextprotocol/server'
import * as z from 'zod'
import type { ToolName } from '../access/operation-scopes.ts'
import {
  noteId,
  noteText,
  noteTitle,
  noteView,
  summaryView,
  viewNote,
  viewSummary,
} from './note-view.ts'
import { noteLimits } from './notes-store.ts'
import type { Note, Notebook, NotesStore } from './notes-store.ts'

/** The tools check no scope: the endpoint has already done that. */
const descriptions: Readonly<Record<ToolName, string>> = {
  notes_list: 'Lists your notes without their texts, last changed first. Requires mcp:read.',
  notes_read: 'Reads one of your notes. Requires mcp:read.',
  notes_write:
    'Creates a note, or replaces the one with the given ID. Requires mcp:read and mcp:write.',
  notes_delete: 'Deletes one of your notes. Requires mcp:read and mcp:write.',
  notes_statistics: 'Counts the notes of all users, without their content. Requires mcp:admin.',
}

const reads: ToolAnnotations = { readOnlyHint: true, openWorldHint: false }
const replaces: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: false,
}
const deletes: ToolAnnotations = { ...replaces, idempotentHint: true }

export function registerNoteTools(server: McpServer, notebook: Notebook): void {
  server.registerTool(
    'notes_list' satisfies ToolName,
    {
      title: 'List notes',
      description: descriptions.notes_list,
      annotations: reads,
      outputSchema: z.object({ notes: z.array(summaryView) }),
    },
    () => structured({ notes: notebook.list().map((note) => viewSummary(note)) }),
  )
  server.registerTool(
    'notes_read' satisfies ToolName,
    {
      title: 'Read a note',
      description: descriptions.notes_read,
      annotations: reads,
      inputSchema: z.object({ id: noteId }),
      outputSchema: z.object({ note: noteView }),
    },
    ({ id }) => noteResult(notebook.read(id), noSuchNote(id)),
  )
  server.registerTool(
    'notes_write' satisfies ToolName,
    {
      title: 'Write a note',
      description: descriptions.notes_write,
      annotations: replaces,
      inputSchema: z.object({
        id: noteId.optional().describe('ID of the note to replace. Without it, a note is created'),
        title: noteTitle,
        text: noteText,
      }),
      outputSchema: z.object({ note: noteView }),
    },
    ({ id, ...content }) =>
      id === undefined
        ? noteResult(notebook.create(content), notebookIsFull)
        : noteResult(notebook.update(id, content), noSuchNote(id)),
  )
  server.registerTool(
    'notes_delete' satisfies ToolName,
    {
      title: 'Delete a note',
      description: descriptions.notes_delete,
      annotations: deletes,
      inputSchema: z.object({ id: noteId }),
      outputSchema: z.object({ deleted: z.string().describe('ID of the note') }),
    },
    ({ id }) => (notebook.delete(id) ? structured({ deleted: id }) : failure(noSuchNote(id))),
  )
}

export function registerStatisticsTool(server: McpServer, store: NotesStore): void {
  server.registerTool(
    'notes_statistics' satisfies ToolName,
    {
      title: 'Count all notes',
      description: descriptions.notes_statistics,
      annotations: reads,
      outputSchema: z.object({
        owners: z.number().describe('Users and clients with at least one note'),
        notes: z.number(),
        fullOwners: z.number().describe(`Owners with ${noteLimits.notesPerOwner} notes`),
      }),
    },
    () => structured({ ...store.statistics() }),
  )
}

const notebookIsFull =
  `The note was not created: you have ${noteLimits.notesPerOwner} notes, which is the maximum. ` +
  'Delete a note first, or replace one by its ID.'

/** Also for the note of another owner, so that the answer does not reveal that it exists. */
function noSuchNote(id: string): string {
  return `You have no note with the ID ${JSON.stringify(id)}. Call notes_list for the IDs.`
}

function noteResult(note: Note | undefined, problem: string): CallToolResult {
  return note === undefined ? failure(problem) : structured({ note: viewNote(note) })
}

/** With the same content as text, for clients before 2025-06-18. */
function structured(content: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(content) }], structuredContent: content }
}

function failure(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true }
}
