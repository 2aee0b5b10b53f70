import { openStore } from './open-store.ts'
import { recordKinds } from './record-kinds.ts'
import type { StoreBackend } from './store-backend.ts'
import type { StoreDescription } from './store-kind.ts'

/** The state of the records in the store. */
export interface Inspection {
  readonly records: ReadonlySet<string>
  /** Records that could not be read or parsed. */
  readonly torn: readonly string[]
  /** Damaged records that were set aside. */
  readonly setAside: number
}

/** Reads every record through a newly opened store. */
export async function inspectRecords(
  description: StoreDescription,
  backend: StoreBackend,
): Promise<Inspection> {
  const fresh = await openStore(description)
  const records = new Set<string>()
  const torn: string[] = []
  for (const kind of recordKinds) {
    for await (const id of fresh.store.list(kind)) {
      const record = await fresh.store.read({ kind, id }).catch(() => undefined)
      if (record === undefined || !isJson(record.body)) torn.push(`${kind}/${id}`)
      else records.add(`${kind}/${id}`)
    }
  }
  await fresh.end()
  return { records, torn, setAside: await backend.setAside() }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
