import * as z from 'zod'
import { noteLimits } from './notes-store.ts'
import type { Note, NoteSummary } from './notes-store.ts'

/** Input schemas. A value beyond a limit is refused, never truncated. */
export const noteId: z.ZodString = z
  .string()
  .min(1)
  .max(64)
  .describe('ID of the note, from notes_list')
export const noteTitle: z.ZodString = z
  .string()
  .max(noteLimits.titleCharacters)
  // Linear in the length of the text: it also runs on text that is too long.
  .regex(/^(?=\s*\S)[^\p{Cc}]*$/u, 'A title is one line and not blank.')
  .describe('Title on one line')
export const noteText: z.ZodString = z
  .string()
  .max(noteLimits.textCharacters)
  .describe('Text of the note')

/** A note in a result, without its text. */
export interface SummaryView {
  readonly id: string
  readonly title: string
  /** The resource with the text. */
  readonly uri: string
  /** RFC 3339, as {@link SummaryView.updatedAt}. */
  readonly createdAt: string
  readonly updatedAt: string
}

/** A note in a result. */
export interface NoteView extends SummaryView {
  readonly text: string
}

const summaryFields = {
  id: z.string(),
  title: z.string(),
  uri: z.string().describe('URI of the resource with the text'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}
/** Output schemas. */
export const summaryView: z.ZodType<SummaryView> = z.object(summaryFields)
export const noteView: z.ZodType<NoteView> = z.object({ ...summaryFields, text: z.string() })

export function viewSummary(note: NoteSummary): SummaryView {
  const { id, title, createdAtEpochSeconds, updatedAtEpochSeconds } = note
  return {
    id,
    title,
    uri: noteUri(id),
    createdAt: timestamp(createdAtEpochSeconds),
    updatedAt: timestamp(updatedAtEpochSeconds),
  }
}

export function viewNote(note: Note): NoteView {
  return { ...viewSummary(note), text: note.text }
}

export const noteUriTemplate = 'notes://note/{id}'

export function noteUri(id: string): string {
  return `notes://note/${id}`
}

function timestamp(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString()
}
