/**
 * Reads or writes one secret of the OS keychain. Secrets are sent through the standard streams in
 * base64. The output begins with a line break, which says that the program has started and asks the
 * keychain now. Nothing after it means that no secret is stored.
 *
 *     node keychain-program.js get SERVICE ACCOUNT
 *     node keychain-program.js set SERVICE ACCOUNT
 */
import { writeSync } from 'node:fs'
import process from 'node:process'
import { text } from 'node:stream/consumers'

const [action, service = '', account = ''] = process.argv.slice(2)
try {
  const { Entry } = await import('@napi-rs/keyring')
  // Synchronous: a request to the keychain blocks the process.
  writeSync(process.stdout.fd, '\n')
  const entry = new Entry(service, account, { linux: { store: 'secret-service' } })
  if (action === 'set') {
    entry.setSecret(Uint8Array.from(Buffer.from(await text(process.stdin), 'base64')))
  } else {
    process.stdout.write(Buffer.from(entry.getSecret() ?? []).toString('base64'))
  }
} catch (error) {
  process.stderr.write(reasonOf(error))
  process.exitCode = 1
}

/** The program that uses the keychain installs its library: few programs do. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason'
  return 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    ? 'the package @napi-rs/keyring is not installed (run: npm install @napi-rs/keyring)'
    : error.message
}
