/** The re-encryption of the benchmark, as a program that can be killed. */
import process from 'node:process'
import type { ReencryptionResult } from '@evergrant/client/stores/key-rotation'
import { reencryptRecords } from '@evergrant/client/stores/key-rotation'
import { postgresStore } from '@evergrant/client/stores/postgres'
import { Pool } from 'pg'

/** What the program re-encrypts. */
export interface ReencryptionSettings {
  readonly databaseUrl: string
  readonly table: string
  /** In base64, the newest first. */
  readonly keys: readonly string[]
  readonly recordsPerSecond: number
}

/** A message to the parent: the progress, and at the end the result. */
export interface ReencryptionMessage {
  readonly reencrypted: number
  readonly result?: ReencryptionResult
}

const settings = JSON.parse(process.argv[2] ?? '{}') as ReencryptionSettings
const pool = new Pool({ connectionString: settings.databaseUrl, max: 2 })
const store = postgresStore(pool, {
  key: settings.keys.map((key) => Buffer.from(key, 'base64')),
  table: settings.table,
})
const result = await reencryptRecords(store, {
  recordsPerSecond: settings.recordsPerSecond,
  observe: ({ reencrypted }) => tell({ reencrypted }),
})
tell({ reencrypted: result.reencrypted, result })
await store.close()
await pool.end()
process.disconnect()

function tell(message: ReencryptionMessage): void {
  process.send?.(message)
}
