import type { RecordCipher } from '../encryption/record-cipher.ts'
import type { ReencryptedPage, ReencryptionPage } from '../encryption/reencryption.ts'
import type { RecordKind, RecordName } from '../store.ts'
import { recordKinds } from '../record-kinds.ts'
import type { Command } from './command.ts'
import { pageOf, texts } from './command.ts'
import type { RedisKeys, ShardKeys } from './keys.ts'
import { listScript, otherKeyScript, replaceTextScript } from './scripts.ts'

/** Where a page begins: a shard of a kind, and a cursor in its index. */
interface Position {
  readonly kind: RecordKind
  readonly shard: number
  readonly cursor: string
}

const shardsOfKind = 256

/** Encrypts records of one page of an index with the newest key. */
export async function reencryptHashes(
  command: Command,
  keys: RedisKeys,
  cipher: RecordCipher,
  { after, limit }: ReencryptionPage,
): Promise<ReencryptedPage> {
  const position = positionIn(after)
  const shard = keys.shards(position.kind)[position.shard]
  if (shard === undefined) return { reencrypted: 0, replaced: 0, unreadable: 0, next: undefined }
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
  const [kind, shard, cursor = '0'] = after?.split('/') ?? []
  const known = recordKinds.find((one) => one === kind) ?? 'grant'
  return { kind: known, shard: Number(shard ?? 0), cursor }
}

function positionText({ kind, shard, cursor }: Position): string {
  return [kind, shard, cursor].join('/')
}

function positionAfter({ kind, shard }: Position, cursor: string): Position | undefined {
  if (cursor !== '0') return { kind, shard, cursor }
  if (shard + 1 < shardsOfKind) return { kind, shard: shard + 1, cursor: '0' }
  const nextKind = recordKinds[recordKinds.indexOf(kind) + 1]
  return nextKind && { kind: nextKind, shard: 0, cursor: '0' }
}
