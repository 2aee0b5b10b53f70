import { ResourceNotFoundError, ResourceTemplate } from '@modelcontextprotocol/server'
import type { McpServer } from '@modelcontextprotocol/server'
import { statisticsUri } from '../access/operation-scopes.ts'
import { completeNoteId } from './completion.ts'
import { noteUri, noteUriTemplate } from './note-view.ts'
import type { Notebook, NotesStore } from './notes-store.ts'

/** Each note is a resource, and the statistics are one. */
export function registerNoteResources(
  server: McpServer,
  notebook: Notebook,
  store: NotesStore,
): void {
  const template = new ResourceTemplate(noteUriTemplate, {
    list: () => ({
      resources: notebook.list().map(({ id, title }) => ({ uri: noteUri(id), name: id, title })),
    }),
    complete: { id: (typed) => completeNoteId(notebook, typed) },
  })
  server.registerResource(
    'note',
    template,
    { title: 'Note', description: 'The text of one of your notes.', mimeType: 'text/plain' },
    (uri, { id }) => {
      const note = typeof id === 'string' ? notebook.read(id) : undefined
      if (note === undefined) throw new ResourceNotFoundError(uri.href)
      return { contents: [{ uri: uri.href, mimeType: 'text/plain', text: note.text }] }
    },
  )
  server.registerResource(
    'statistics',
    statisticsUri,
    {
      title: 'Statistics',
      description: 'Counts the notes of all users, without their content. Requires mcp:admin.',
      mimeType: 'application/json',
    },
    (uri) => ({
      contents: [
        { uri: uri.href, mimeType: 'application/json', text: JSON.stringify(store.statistics()) },
      ],
    }),
  )
}
