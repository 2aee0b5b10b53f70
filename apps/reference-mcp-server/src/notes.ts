/** One user's notes. */
export interface Notebook {
  list(): readonly string[]
  /** Adds a note; the oldest one goes when the notebook is full. */
  add(text: string): void
  /** Removes all notes, and tells how many there were. */
  clear(): number
}

/** Everybody's notes, in memory: they end with the process. */
export interface Notebooks {
  /** @param owner - The token's subject: users never see each other's notes. */
  of(owner: string): Notebook
}

const longestNotebook = 100

export function createNotebooks(): Notebooks {
  const notes = new Map<string, readonly string[]>()
  return {
    of: (owner) => ({
      list: () => notes.get(owner) ?? [],
      add(text) {
        notes.set(owner, [...(notes.get(owner) ?? []), text].slice(-longestNotebook))
      },
      clear() {
        const removed = notes.get(owner)?.length ?? 0
        notes.delete(owner)
        return removed
      },
    }),
  }
}
