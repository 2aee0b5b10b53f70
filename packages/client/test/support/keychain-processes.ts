import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The output of a process that opened the keychain key. */
export type KeychainOutcome =
  | { readonly fingerprint: string; readonly source: string }
  | { readonly code: string; readonly message: string }

type Environment = Readonly<Record<string, string | undefined>>

const run = promisify(execFile)
const conditions = '--conditions=workspace:source'

/**
 * Opens the keychain key in a separate process, because the keychain library reads its environment.
 *
 * @param of - The sources of the package, or the build. Both must find their helper program.
 */
export async function openKeychainIn(
  env: Environment,
  lockFile: string,
  of: 'sources' | 'build' = 'sources',
): Promise<KeychainOutcome> {
  const program = fileURLToPath(new URL('./keychain-process.ts', import.meta.url))
  const parameters = of === 'sources' ? [conditions, program] : [program]
  const { stdout } = await run(process.execPath, [...parameters, lockFile], { env })
  return JSON.parse(stdout) as KeychainOutcome
}

/** Opens the key in several processes, and then in another one, with a new Secret Service. */
export async function openKeychainOfSession(
  folder: string,
  lockFile: string,
  processes: number,
): Promise<readonly KeychainOutcome[]> {
  const program = fileURLToPath(new URL('./keychain-session.ts', import.meta.url))
  const { stdout } = await run(
    'dbus-run-session',
    ['--', process.execPath, conditions, program, lockFile, String(processes)],
    { env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_RUNTIME_DIR: folder } },
  )
  return JSON.parse(stdout) as readonly KeychainOutcome[]
}

/** Whether this machine can run a separate Secret Service for the test. */
export const hasSecretService: boolean =
  process.platform === 'linux' && ['dbus-run-session', 'gnome-keyring-daemon'].every(isOnPath)

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
