import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ReencryptionResult } from '@evergrant/client/stores/key-rotation'
import type { ReencryptionMessage, ReencryptionSettings } from './reencryption-process.ts'

/** What a re-encryption did that was killed once. */
export interface Rotation {
  readonly result: ReencryptionResult
  /** Records that were re-encrypted before it was killed. */
  readonly beforeKill: number
  readonly seconds: number
}

/** Re-encrypts a table, kills the process after `killAfter` records, and starts it again. */
export async function rotateKey(
  settings: ReencryptionSettings,
  killAfter: number,
): Promise<Rotation> {
  const startedAt = performance.now()
  const first = await reencrypt(settings, killAfter)
  const second = await reencrypt(settings, Number.POSITIVE_INFINITY)
  if (second.result === undefined) throw new Error('The re-encryption ended without a result.')
  return {
    result: second.result,
    beforeKill: first.reencrypted,
    seconds: (performance.now() - startedAt) / 1000,
  }
}

/** Resolves with the last message, when the program has ended or was killed. */
async function reencrypt(
  settings: ReencryptionSettings,
  killAfter: number,
): Promise<ReencryptionMessage> {
  const program = fileURLToPath(new URL('./reencryption-process.ts', import.meta.url))
  const child = fork(program, [JSON.stringify(settings)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  let last: ReencryptionMessage = { reencrypted: 0 }
  child.on('message', (message) => {
    last = message as ReencryptionMessage
    if (last.reencrypted >= killAfter) child.kill('SIGKILL')
  })
  await new Promise((resolve, reject) => {
    child.once('exit', resolve)
    child.once('error', reject)
  })
  return last
}
