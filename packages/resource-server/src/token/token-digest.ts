import type * as NodeCrypto from 'node:crypto'
import { base64url } from '../lib/base64url.ts'

/**
 * The SHA-256 digest of a token, which identifies it in memory. An attacker cannot find another token with
 * the digest of a known one, comparing digests reveals nothing about the tokens, and a memory dump contains
 * no token that can be used.
 *
 * Node.js, Deno and Bun hash at once. Other runtimes have only the asynchronous Web Crypto API.
 */
export const tokenDigest: (token: string) => string | Promise<string> =
  createTokenDigest(nodeHash())

/** @param hash - Of `node:crypto`, if the runtime has it. */
export function createTokenDigest(
  hash: typeof NodeCrypto.hash | undefined,
): (token: string) => string | Promise<string> {
  if (hash !== undefined) return (token) => hash('sha256', token, 'base64url')
  return async (token) => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
    return base64url(new Uint8Array(digest))
  }
}

/** A static import of `node:crypto` would make this package fail to load on other runtimes. */
function nodeHash(): typeof NodeCrypto.hash | undefined {
  return globalThis.process?.getBuiltinModule?.('node:crypto')?.hash
}
