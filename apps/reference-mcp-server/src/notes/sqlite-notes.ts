import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { Clock } from '@evergrant/resource-server'
import { McpServerError } from '../errors.ts'
import { openDatabase } from './database.ts'
import { noteLimits } from './notes-store.ts'
import type { Note, Notebook, NotesStore, NoteSummary, Owner } from './notes-store.ts'

/** What {@link openNotesStore} is given. */
export interface NotesStoreOptions {
  readonly clock: Clock
  /** Receives failures of the database, whose details clients do not see. */
  readonly observeFailure: (error: unknown) => void
}

type Row = Readonly<Record<string, SQLOutputValue>>

/**
 * Opens the notes in SQLite.
 *
 * @param location - Path of the file, or `:memory:`.
 * @throws {McpServerError} `STORE_UNAVAILABLE`
 */
export function openNotesStore(
  location: string,
  { clock, observeFailure }: NotesStoreOptions,
): NotesStore {
  const database = openDatabase(location)
  const statements = prepareStatements(database)

  function attempt<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (cause) {
      observeFailure(cause)
      throw new McpServerError(
        'STORE_FAILED',
        'The notes cannot be read or written at the moment. Try again later.',
        { cause },
      )
    }
  }

  function notebookOf({ issuer, kind, id: ownerId }: Owner): Notebook {
    const owner = { issuer, kind, ownerId }
    const now = (): number => Math.floor(clock.nowEpochSeconds())
    const read = (id: string): Note | undefined => {
      const row = statements.read.get({ ...owner, id })
      return row === undefined ? undefined : noteFrom(row)
    }
    return {
      list: () => attempt(() => statements.list.all(owner).map((row) => summaryFrom(row))),
      read: (id) => attempt(() => read(id)),
      create: ({ title, text }) =>
        attempt(() => {
          const id = randomUUID()
          statements.create.run({ ...owner, id, title, text, now: now() })
          return read(id)
        }),
      update: (id, { title, text }) =>
        attempt(() => {
          statements.update.run({ ...owner, id, title, text, now: now() })
          return read(id)
        }),
      delete: (id) => attempt(() => Number(statements.delete.run({ ...owner, id }).changes) === 1),
    }
  }

  return {
    of: notebookOf,
    statistics: () =>
      attempt(() => {
        const row = statements.statistics.get() ?? {}
        return {
          owners: number(row, 'owners'),
          notes: number(row, 'notes'),
          fullOwners: number(row, 'full_owners'),
        }
      }),
    isAvailable() {
      try {
        statements.probe.get()
        // A removed file is still open, and everything that is written to it is lost.
        return location === ':memory:' || existsSync(location)
      } catch (error) {
        observeFailure(error)
        return false
      }
    },
    close() {
      if (database.isOpen) database.close()
    },
  }
}

/** The owner is part of every condition, so no statement reaches the notes of another. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- the type is that of each statement below
function prepareStatements(database: DatabaseSync) {
  const isOwned = 'owner_issuer = :issuer AND owner_kind = :kind AND owner_id = :ownerId'
  const nextChange = `(SELECT coalesce(max(change), 0) + 1 FROM notes WHERE ${isOwned})`
  return {
    list: database.prepare(
      `SELECT id, title, created_at, updated_at FROM notes WHERE ${isOwned} ORDER BY change DESC`,
    ),
    read: database.prepare(`SELECT * FROM notes WHERE id = :id AND ${isOwned}`),
    // Counts and inserts in one statement, which is atomic.
    create: database.prepare(
      `INSERT INTO notes
         (id, owner_issuer, owner_kind, owner_id, change, title, text, created_at, updated_at)
       SELECT :id, :issuer, :kind, :ownerId, ${nextChange}, :title, :text, :now, :now
       WHERE (SELECT count(*) FROM notes WHERE ${isOwned}) < ${noteLimits.notesPerOwner}`,
    ),
    update: database.prepare(
      `UPDATE notes SET title = :title, text = :text, updated_at = :now, change = ${nextChange}
       WHERE id = :id AND ${isOwned}`,
    ),
    delete: database.prepare(`DELETE FROM notes WHERE id = :id AND ${isOwned}`),
    // Reads the index only, not the notes.
    statistics: database.prepare(
      `SELECT count(*) AS owners, coalesce(sum(own), 0) AS notes,
         coalesce(sum(own >= ${noteLimits.notesPerOwner}), 0) AS full_owners
       FROM (SELECT count(*) AS own FROM notes GROUP BY owner_issuer, owner_kind, owner_id)`,
    ),
    probe: database.prepare('SELECT id FROM notes LIMIT 1'),
  }
}

function noteFrom(row: Row): Note {
  return { ...summaryFrom(row), text: string(row, 'text') }
}

function summaryFrom(row: Row): NoteSummary {
  return {
    id: string(row, 'id'),
    title: string(row, 'title'),
    createdAtEpochSeconds: number(row, 'created_at'),
    updatedAtEpochSeconds: number(row, 'updated_at'),
  }
}

function string(row: Row, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw new TypeError(`The column ${column} of the notes is not text.`)
}

function number(row: Row, column: string): number {
  const value = row[column]
  if (typeof value === 'number') return value
  throw new TypeError(`The column ${column} of the notes is not a number.`)
}
