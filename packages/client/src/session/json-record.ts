import type { RecordName, RecordStore } from '../stores/store.ts'
import { unreadableRecord } from '../grant/grant-record.ts'
import { storeRead, storeWrite } from '../grant/grant-repository.ts'
import { isObject } from '../lib/is-object.ts'

const recordVersion = 1

/** A record's value and the generation to write against. */
export interface JsonRecordReading<Value> {
  readonly value: Value | undefined
  /** 0 where there is no record. */
  readonly generation: number
}

/** One record with a JSON value that can be made again when it is lost: anything but a grant. */
export interface JsonRecord<Value> {
  /**
   * A record that cannot be read as a `Value` is set aside and counts as absent; one of a later
   * version belongs to a newer installation, and stays.
   *
   * @throws EvergrantClientError `RECORD_UNREADABLE` for a later version, `TOKEN_STORE_UNAVAILABLE`
   */
  read(): Promise<JsonRecordReading<Value>>
  /** Writes whatever is there now; the last writer wins. */
  put(value: Value): Promise<void>
  /**
   * Writes what `change` makes of the value, unless that is the value itself; `undefined` removes
   * the record. Where somebody else writes meanwhile, `change` is called again with theirs.
   */
  update(change: (value: Value | undefined) => Value | undefined): Promise<void>
  /** Removes the record and returns its value: to one caller, and `undefined` to all others. */
  take(): Promise<Value | undefined>
  /** Removes whatever is there now. */
  remove(): Promise<void>
}

/** Opens a record with a parser for its value, which returns `undefined` for anything else. */
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

/** Whatever is no record holds no value. */
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
