import type { RecordCipher } from '../encryption/record-cipher.ts'
import type { ReencryptedPage, ReencryptionPage } from '../encryption/reencryption.ts'
import type { RecordKind, RecordName } from '../store.ts'
import { recordKinds } from '../record-kinds.ts'
import type { Command } from './command.ts'
import { pageOf, texts } from './command.ts'
import type { RedisKeys, ShardKeys } from './keys.ts'
import { listScript, otherKeyScript, replaceTextScript, sizeScript } from './scripts.ts'

/** Where a page begins: a shard of a kind, and a cursor in its index. */
interface Position {
  readonly kind: RecordKind
  /** The number of the shard, 0 to 255. */
  readonly number: number
  readonly cursor: string
}

/** A position whose shard has records. */
interface PositionWithRecords extends Position {
  readonly shard: ShardKeys
}

const shardsOfKind = 256
/** How many shards are asked for their size at once, to skip those without records. */
const shardsAtOnce = 64

/** Encrypts records of one page of an index with the newest key. */
export async function reencryptHashes(
  command: Command,
  keys: RedisKeys,
  cipher: RecordCipher,
  { after, limit }: ReencryptionPage,
): Promise<ReencryptedPage> {
  const position = await withRecords(command, keys, positionIn(after))
  if (position === undefined) {
    return { reencrypted: 0, replaced: 0, unreadable: 0, next: undefined }
  }
  const { shard } = position
  const { next, items } = pageOf(await command(listScript, [shard.index], [position.cursor]))
  const others = await otherTexts(command, shard, cipher, items)
  const resealed = others.flatMap(({ id, old }) => {
    const name: RecordName = { kind: position.kind, id }
    const opened = cipher.open(name, old)
    if (!('record' in opened)) return []
    return [{ key: shard.record(id), old, sealed: cipher.seal(name, opened.record) }]
  })
  const taken = resealed.slice(0, limit)
  const reencrypted =
    taken.length === 0
      ? 0
      : Number(
          await command(
            replaceTextScript,
            taken.map(({ key }) => key),
            taken.flatMap(({ old, sealed }) => [old, sealed]),
          ),
        )
  const replaced = taken.length - reencrypted
  // The rest of this page is next. Its unreadable records count when it is complete.
  if (resealed.length > taken.length) {
    return { reencrypted, replaced, unreadable: 0, next: positionText(position) }
  }
  const following = positionAfter(position, next)
  return {
    reencrypted,
    replaced,
    unreadable: others.length - resealed.length,
    next: following && positionText(following),
  }
}

/** The first position that has records, from a position on. */
async function withRecords(
  command: Command,
  keys: RedisKeys,
  from: Position,
): Promise<PositionWithRecords | undefined> {
  // Usually this shard has records.
  let asked = 1
  for (const kind of recordKinds.slice(recordKinds.indexOf(from.kind))) {
    const shards = keys.shards(kind)
    for (let first = kind === from.kind ? from.number : 0; first < shards.length;) {
      const batch = shards.slice(first, first + asked)
      const sizes = await Promise.all(batch.map(({ index }) => command(sizeScript, [index], [])))
      const found = sizes.findIndex((size) => Number(size) > 0)
      const shard = batch[found]
      if (shard !== undefined) {
        const number = first + found
        const isHere = kind === from.kind && number === from.number
        return { kind, number, shard, cursor: isHere ? from.cursor : '0' }
      }
      first += asked
      asked = shardsAtOnce
    }
  }
  return undefined
}

/** The records that are not encrypted with the newest key. Redis compares the ID of the key. */
async function otherTexts(
  command: Command,
  shard: ShardKeys,
  cipher: RecordCipher,
  ids: readonly string[],
): Promise<readonly { readonly id: string; readonly old: string }[]> {
  if (ids.length === 0) return []
  const records = ids.map((id) => shard.record(id))
  const found = texts(await command(otherKeyScript, records, [`"keyId":"${cipher.keyIds[0]}"`]))
  return ids.flatMap((id, index) => {
    const old = found[index] ?? ''
    return old === '' || cipher.isCurrent(old) ? [] : [{ id, old }]
  })
}

function positionIn(after: string | undefined): Position {
  const [kind, number, cursor = '0'] = after?.split('/') ?? []
  const known = recordKinds.find((one) => one === kind) ?? 'grant'
  return { kind: known, number: Number(number ?? 0), cursor }
}

function positionText({ kind, number, cursor }: Position): string {
  return [kind, number, cursor].join('/')
}

function positionAfter({ kind, number }: Position, cursor: string): Position | undefined {
  if (cursor !== '0') return { kind, number, cursor }
  if (number + 1 < shardsOfKind) return { kind, number: number + 1, cursor: '0' }
  const nextKind = recordKinds[recordKinds.indexOf(kind) + 1]
  return nextKind && { kind: nextKind, number: 0, cursor: '0' }
}
