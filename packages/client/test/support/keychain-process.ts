/**
 * Opens the keychain key once, and prints the result as JSON.
 *
 *     node keychain-process.ts LOCK-FILE
 */
import { createHash } from 'node:crypto'
import process from 'node:process'
import { EvergrantClientError } from '@evergrant/client'
import { keychainKey } from '@evergrant/client/stores/file'

const [lockFile = ''] = process.argv.slice(2)
try {
  const { key, source } = await keychainKey(lockFile, { service: 'evergrant-test' })
  const fingerprint = createHash('sha256').update(key).digest('hex')
  process.stdout.write(JSON.stringify({ fingerprint, source }))
} catch (error) {
  if (!EvergrantClientError.is(error)) throw error
  process.stdout.write(JSON.stringify({ code: error.code, message: error.message }))
}
