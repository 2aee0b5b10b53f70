/** Whose notes: a user of an authorization server, or a client that acts for itself. */
export interface Owner {
  readonly issuer: string
  readonly kind: 'user' | 'client'
  /** The subject or client ID, unique per issuer and kind. */
  readonly id: string
}

/** What a note contains. */
export interface NoteContent {
  readonly title: string
  readonly text: string
}

/** A note without its text. */
export interface NoteSummary {
  readonly id: string
  readonly title: string
  readonly createdAtEpochSeconds: number
  readonly updatedAtEpochSeconds: number
}

export interface Note extends NoteSummary, NoteContent {}

/** Counts over all owners. */
export interface NotesStatistics {
  readonly owners: number
  readonly notes: number
  /** Owners who have the maximum number of notes. */
  readonly fullOwners: number
}

/** The notes of one owner. Other owners' notes do not exist here. */
export interface Notebook {
  /** Last changed first. */
  list(): readonly NoteSummary[]
  read(id: string): Note | undefined
  /** Returns `undefined` if the owner has the maximum number of notes. */
  create(content: NoteContent): Note | undefined
  /** Returns `undefined` if there is no such note. */
  update(id: string, content: NoteContent): Note | undefined
  /** Returns whether there was such a note. */
  delete(id: string): boolean
}

/**
 * The notes of all owners.
 *
 * A method throws {@link McpServerError} `STORE_FAILED` if the database fails. The message is for the
 * client and contains no details.
 */
export interface NotesStore {
  of(owner: Owner): Notebook
  statistics(): NotesStatistics
  /** Whether the database can be read. */
  isAvailable(): boolean
  close(): void
}

/** What one owner can store: at most about 4 MB. */
export const noteLimits = {
  titleCharacters: 200,
  textCharacters: 20_000,
  notesPerOwner: 200,
} as const
