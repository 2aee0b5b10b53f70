import type { CliEnvironment } from '../lib/environment.ts'
import type { GivenOptions } from '../settings/given-options.ts'
import { readStoreSettings } from '../settings/worker-settings.ts'
import { checkStore } from '../store/check-store.ts'
import { openStore } from '../store/open-store.ts'

/** Prints the backlog of the store once. */
export async function status(
  given: GivenOptions,
  { stdout }: CliEnvironment,
  { json }: { readonly json: boolean },
): Promise<void> {
  const settings = await readStoreSettings(given)
  const opened = await openStore(settings, () => undefined)
  try {
    await checkStore(opened.store, settings)
    const { grants, lateSeconds } = await opened.store.due.backlog()
    const late = Math.round(lateSeconds * 10) / 10
    stdout(
      json
        ? `${JSON.stringify({ database: settings.database.shown, due: grants, lateSeconds: late })}\n`
        : `database   ${settings.database.shown}\ndue now    ${grants} grants\nmost late  ${late} s\n`,
    )
  } finally {
    await opened.close()
  }
}
