import type { RecordName, RecordStore } from '../stores/store.ts'
import { unreadableRecord } from '../grant/grant-record.ts'
import { storeRead, storeWrite } from '../grant/grant-repository.ts'
import { isObject } from '../lib/is-object.ts'

const recordVersion = 1

/** The value of a record, and the generation that the next write expects. */
export interface JsonRecordReading<Value> {
  readonly value: Value | undefined
  /** 0 if there is no record. */
  readonly generation: number
}

/** One record with a JSON value that can be created again if it is lost: anything but a grant. */
export interface JsonRecord<Value> {
  /**
   * A record that cannot be parsed is set aside and counts as absent. A record of a later version
   * belongs to a newer installation and stays in place.
   *
   * @throws EvergrantClientError `RECORD_UNREADABLE` for a later version, `TOKEN_STORE_UNAVAILABLE`
   */
  read(): Promise<JsonRecordReading<Value>>
  /** Replaces the record. The last writer wins. */
  put(value: Value): Promise<void>
  /**
   * Writes the result of `change`, unless it is the same value. `undefined` removes the record. If
   * another process writes in between, `change` is called again with its value.
   */
  update(change: (value: Value | undefined) => Value | undefined): Promise<void>
  /** Removes the record. One caller gets its value, all others get `undefined`. */
  take(): Promise<Value | undefined>
  /** Removes the record, with any generation. */
  remove(): Promise<void>
}

/** Opens a record. `parse` returns `undefined` for anything but a valid value. */
export function jsonRecord<Value>(
  store: RecordStore,
  name: RecordName,
  parse: (value: unknown) => Value | undefined,
): JsonRecord<Value> {
  async function read(): Promise<JsonRecordReading<Value>> {
    const stored = await storeRead(store, name)
    if (stored === undefined) return { value: undefined, generation: 0 }
    const record = parseRecord(stored.body)
    if (record.version > recordVersion) {
      throw unreadableRecord(name, 'later-version', `it has version ${record.version}`)
    }
    const value = parse(record.value)
    if (value === undefined) {
      await store.setAside(name, stored.generation)
      return { value, generation: 0 }
    }
    return { value, generation: stored.generation }
  }

  async function write(value: Value, generation: number): Promise<boolean> {
    const body = JSON.stringify({ version: recordVersion, value })
    return (await storeWrite(store, name, body, generation)).outcome === 'written'
  }

  return {
    read,
    async put(value) {
      for (;;) {
        const { generation } = await read()
        if (await write(value, generation)) return
      }
    },
    async update(change) {
      for (;;) {
        const { value, generation } = await read()
        const changed = change(value)
        if (changed === value) return
        if (changed !== undefined) {
          if (await write(changed, generation)) return
        } else if ((await store.remove(name, generation)) === 'removed') return
      }
    },
    async take() {
      const { value, generation } = await read()
      if (value === undefined) return undefined
      return (await store.remove(name, generation)) === 'removed' ? value : undefined
    },
    async remove() {
      for (;;) {
        const { generation } = await read()
        if (generation === 0) return
        if ((await store.remove(name, generation)) === 'removed') return
      }
    },
  }
}

/** Text that is not a record has no value. */
function parseRecord(text: string): { readonly version: number; readonly value?: unknown } {
  let record: unknown
  try {
    record = JSON.parse(text)
  } catch {
    return { version: recordVersion }
  }
  if (!isObject(record) || typeof record['version'] !== 'number') return { version: recordVersion }
  return { version: record['version'], value: record['value'] }
}
