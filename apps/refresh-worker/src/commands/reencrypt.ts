import { reencryptRecords } from '@evergrant/client/stores/key-rotation'
import type { ReencryptionResult } from '@evergrant/client/stores/key-rotation'
import type { CliEnvironment, ExitCode } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import type { GivenOptions } from '../settings/given-options.ts'
import { readStoreSettings } from '../settings/worker-settings.ts'
import { checkStore } from '../store/check-store.ts'
import { openStore } from '../store/open-store.ts'

/** What `reencrypt` does. */
export interface ReencryptFlags {
  readonly json: boolean
  readonly recordsPerSecond: number | undefined
}

const progressEverySeconds = 5

/** Encrypts all records with the newest key, while gateways and workers use them. */
export async function reencrypt(
  given: GivenOptions,
  { stdout, stderr, signal }: CliEnvironment,
  { json, recordsPerSecond }: ReencryptFlags,
): Promise<ExitCode> {
  const settings = await readStoreSettings(given)
  const opened = await openStore(settings, () => undefined)
  try {
    await checkStore(opened.store, settings)
    const [newest] = opened.store.encryption.keyIds
    let shownAt = performance.now()
    const result = await reencryptRecords(opened.store, {
      recordsPerSecond,
      signal,
      observe({ reencrypted, pass }) {
        if (performance.now() - shownAt < progressEverySeconds * 1000) return
        shownAt = performance.now()
        stderr(`${reencrypted} records encrypted with key ${newest} (pass ${pass})\n`)
      },
    })
    stdout(json ? `${JSON.stringify({ key: newest, ...result })}\n` : describe(result, newest))
    return result.complete ? exitCodes.done : exitCodes.incomplete
  } catch (error) {
    if (!signal.aborted) throw error
    stderr('Interrupted. Start it again to continue.\n')
    return exitCodes.interrupted
  } finally {
    await opened.close()
  }
}

function describe(
  { reencrypted, unreadable, complete }: ReencryptionResult,
  newest: string,
): string {
  const lines = [
    `newest key   ${newest}`,
    `encrypted    ${reencrypted} records`,
    `unreadable   ${unreadable} records, which no key opens and which were not changed`,
    complete
      ? 'All other records have the newest key. You can remove the older keys from all processes.'
      : 'Records of older keys remain: a process still encrypts with an older key. Pass the newest key first to every process, then run this again.',
  ]
  return `${lines.join('\n')}\n`
}
