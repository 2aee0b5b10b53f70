interface NodeCrypto {
  /** Since Node.js 20.12. */
  hash?(algorithm: string, data: string, encoding: 'hex'): string
}

/**
 * The SHA-256 of a text in UTF-8, in hexadecimal. Node.js computes it at once: a promise of Web
 * Crypto costs twenty times as much as the hash of a short text. It finds the module through the
 * global `process`, so bundles for browsers contain no import of it.
 */
export async function sha256Hex(text: string): Promise<string> {
  if (nodeCrypto?.hash !== undefined) return nodeCrypto.hash('sha256', text, 'hex')
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const nodeCrypto = (
  globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }
).process?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined
