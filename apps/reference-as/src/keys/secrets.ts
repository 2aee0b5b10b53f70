import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { loadSigningKeys } from './signing-keys.ts'
import type { SigningKeyGeneration } from './signing-keys.ts'
import type { SecretStore } from '../store/store.ts'

/** Keys that the server needs on every start, created once and kept in the store. */
export interface ServerSecrets {
  readonly signingKeys: readonly SigningKeyGeneration[]
  readonly cookieKeys: readonly string[]
  readonly successorKey: Uint8Array
  readonly formKey: Uint8Array
}

/** Loads the keys, and creates those that are missing. */
export async function loadSecrets(secrets: SecretStore): Promise<ServerSecrets> {
  const key = async (name: string) =>
    await secrets.getOrCreate(name, async () => randomBytes(32).toString('base64url'))
  const [signingKeys, cookieKey, successorKey, formKey] = await Promise.all([
    loadSigningKeys(secrets),
    key('cookie-key'),
    key('successor-key'),
    key('form-key'),
  ])
  return {
    signingKeys,
    cookieKeys: [cookieKey],
    successorKey: Buffer.from(successorKey, 'base64url'),
    formKey: Buffer.from(formKey, 'base64url'),
  }
}

/** The token of a form against cross-site request forgery. */
export function formToken(formKey: Uint8Array, subject: string): string {
  return createHmac('sha256', formKey).update('form\0').update(subject).digest('base64url')
}

/** Compares in constant time. */
export function isFormToken(formKey: Uint8Array, subject: string, token: string): boolean {
  const expected = Buffer.from(formToken(formKey, subject))
  const actual = Buffer.from(token)
  return actual.byteLength === expected.byteLength && timingSafeEqual(actual, expected)
}
