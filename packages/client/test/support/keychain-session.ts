/**
 * Unlocks a new, empty Secret Service, and opens the keychain key in several processes at once, then
 * again with the built package. Run it under `dbus-run-session`, so that the service ends with its
 * bus. Prints a JSON list of the outputs.
 *
 *     dbus-run-session -- node keychain-session.ts LOCK-FILE PROCESSES
 */
import { execFile } from 'node:child_process'
import process from 'node:process'
import { promisify } from 'node:util'
import { openKeychainIn } from './keychain-processes.ts'

const [lockFile = '', processes = '1'] = process.argv.slice(2)

const starting = promisify(execFile)('gnome-keyring-daemon', ['--unlock', '--components=secrets'])
starting.child.stdin?.end('a passphrase of this test')
await starting

const together = await Promise.all(
  Array.from({ length: Number(processes) }, () => openKeychainIn(process.env, lockFile)),
)
const later = await openKeychainIn(process.env, lockFile, 'build')
process.stdout.write(JSON.stringify([...together, later]))
