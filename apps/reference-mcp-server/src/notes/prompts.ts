import { completable, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import type { McpServer, PromptMessage } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { completeNoteId } from './completion.ts'
import { noteId, noteUri } from './note-view.ts'
import type { Note, Notebook } from './notes-store.ts'

/** A prompt contains at most this many characters of notes, so that it fits in a context window. */
const maximumPromptCharacters = 100_000

export function registerNotePrompts(server: McpServer, notebook: Notebook): void {
  server.registerPrompt(
    'summarize_notes',
    {
      title: 'Summarize my notes',
      description: 'Asks for a summary of your notes, last changed first.',
      argsSchema: z.object({
        focus: z.string().max(200).optional().describe('What to look for. Default: everything'),
      }),
    },
    ({ focus }) => {
      const { notes, omitted } = notesForPrompt(notebook)
      const about = focus === undefined ? '' : ` Concentrate on: ${focus}.`
      const rest =
        omitted === 0 ? '' : ` ${omitted} older notes are left out, because they are too long.`
      return {
        messages: [
          ...notes.map((note) => embedded(note)),
          asked(`Summarize these ${notes.length} notes in a few sentences.${about}${rest}`),
        ],
      }
    },
  )
  server.registerPrompt(
    'improve_note',
    {
      title: 'Improve a note',
      description: 'Asks for a clearer version of one of your notes.',
      argsSchema: z.object({
        // A copy, because `completable` attaches the completion, which is of one owner, to the schema.
        id: completable(noteId.clone(), (typed) => completeNoteId(notebook, typed)),
      }),
    },
    ({ id }) => {
      const note = notebook.read(id)
      if (note === undefined) {
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          `You have no note with the ID ${JSON.stringify(id)}. Call notes_list for the IDs.`,
        )
      }
      return {
        messages: [
          embedded(note),
          asked(
            `Rewrite this note, "${note.title}", so that it is clear and short. Show me the result ` +
              'before you save it with notes_write.',
          ),
        ],
      }
    },
  )
}

function notesForPrompt(notebook: Notebook): { notes: readonly Note[]; omitted: number } {
  const summaries = notebook.list()
  const notes: Note[] = []
  let characters = 0
  for (const { id } of summaries) {
    const note = notebook.read(id)
    if (note === undefined) continue
    characters += note.title.length + note.text.length
    if (characters > maximumPromptCharacters) break
    notes.push(note)
  }
  return { notes, omitted: summaries.length - notes.length }
}

function embedded({ id, title, text }: Note): PromptMessage {
  return {
    role: 'user',
    content: {
      type: 'resource',
      resource: { uri: noteUri(id), mimeType: 'text/plain', text: `${title}\n\n${text}` },
    },
  }
}

function asked(text: string): PromptMessage {
  return { role: 'user', content: { type: 'text', text } }
}
