import type { Notebook } from './notes-store.ts'

/** The IDs of notes whose ID or title begins with what the user typed. */
export function completeNoteId(notebook: Notebook, typed: string): string[] {
  const start = typed.toLowerCase()
  return notebook
    .list()
    .filter(({ id, title }) => id.startsWith(start) || title.toLowerCase().startsWith(start))
    .map(({ id }) => id)
}
