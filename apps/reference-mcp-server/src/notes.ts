/** One user's notes. */
export interface Notebook {
  list(): readonly string[]
  /** Adds a note. A full notebook drops its oldest note. */
  add(text: string): void
  /** Removes all notes, and returns how many there were. */
  clear(): number
}

/** The notes of all users, in memory until the process ends. */
export interface Notebooks {
  /** @param owner - The token's subject. Users never see each other's notes. */
  of(owner: string): Notebook
}

const maximumNotes = 100

export function createNotebooks(): Notebooks {
  const notes = new Map<string, readonly string[]>()
  return {
    of: (owner) => ({
      list: () => notes.get(owner) ?? [],
      add(text) {
        notes.set(owner, [...(notes.get(owner) ?? []), text].slice(-maximumNotes))
      },
      clear() {
        const removed = notes.get(owner)?.length ?? 0
        notes.delete(owner)
        return removed
      },
    }),
  }
}
