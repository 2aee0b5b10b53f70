import type { RecordName, RecordStore } from '../store.ts'
import { storeRead } from '../grant/grant-repository.ts'

/** A record's value and the generation to write against. */
export interface JsonRecordReading<Value> {
  readonly value: Value | undefined
  /** 0 where there is no record. */
  readonly generation: number
}

/** One record with a JSON value that can be made again when it is lost: anything but a grant. */
export interface JsonRecord<Value> {
  /** A record that cannot be read as a `Value` is set aside and counts as absent. */
  read(): Promise<JsonRecordReading<Value>>
  /** Writes whatever is there now; the last writer wins. */
  put(value: Value): Promise<void>
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
    const value = parse(parseText(stored.body))
    if (value === undefined) {
      await store.setAside(name)
      return { value, generation: 0 }
    }
    return { value, generation: stored.generation }
  }

  return {
    read,
    async put(value) {
      for (;;) {
        const { generation } = await read()
        const written = await store.write(name, JSON.stringify(value), generation)
        if (written.outcome === 'written') return
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

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
