import type { RecordCipher } from '../encryption/record-cipher.ts'
import type { ReencryptedPage, ReencryptionPage } from '../encryption/reencryption.ts'
import type { RecordName } from '../store.ts'
import { recordKinds } from '../record-kinds.ts'
import { dueTimeOf, withDueTime } from './due-time.ts'
import { replaceFile } from './durable-file.ts'
import type { RecordFiles } from './record-files.ts'

/** How many files one page reads. Most of them can have the newest key already. */
const readsPerPage = 500

/** Encrypts one page of files with the newest key. The position in the pages is "kind/id". */
export async function reencryptFiles(
  files: RecordFiles,
  cipher: RecordCipher,
  { after, limit }: ReencryptionPage,
): Promise<ReencryptedPage> {
  const counts = { reencrypted: 0, replaced: 0, unreadable: 0 }
  const names = await namesAfter(files, after)
  let position = after
  for (const name of names.slice(0, readsPerPage)) {
    if (counts.reencrypted + counts.replaced >= limit) return { ...counts, next: position }
    const text = await files.readText(name)
    position = positionOf(name)
    if (text === undefined || cipher.isCurrent(text)) continue
    counts[await reencryptFile(files, cipher, name, text)] += 1
  }
  return { ...counts, next: names.length > readsPerPage ? position : undefined }
}

async function reencryptFile(
  files: RecordFiles,
  cipher: RecordCipher,
  name: RecordName,
  text: string,
): Promise<'reencrypted' | 'replaced' | 'unreadable'> {
  const opened = cipher.open(name, text)
  if (!('record' in opened)) return 'unreadable'
  const sealed = cipher.seal(name, opened.record)
  return await files.exclusively(async () => {
    if ((await files.readText(name)) !== text) return 'replaced'
    const due = dueTimeOf(text)
    const hasTime = Number.NEGATIVE_INFINITY < due.atEpochSeconds
    await replaceFile(files.fileOf(name), hasTime ? withDueTime(sealed, due) : sealed)
    return 'reencrypted'
  })
}

async function namesAfter(files: RecordFiles, after: string | undefined): Promise<RecordName[]> {
  const names: RecordName[] = []
  for (const kind of recordKinds.toSorted()) {
    for (const id of (await files.list(kind)).toSorted()) {
      const name = { kind, id }
      if (after === undefined || positionOf(name) > after) names.push(name)
    }
  }
  return names
}

function positionOf({ kind, id }: RecordName): string {
  return `${kind}/${id}`
}
