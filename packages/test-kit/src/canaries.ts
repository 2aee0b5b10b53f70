import { randomBytes } from 'node:crypto'

/** Secrets that a test can recognize when they leak. */
export interface Canaries {
  /** Creates a unique secret. `label` names it in the failure message. */
  secret(label: string): string
  /**
   * Watches a secret from elsewhere, such as a token of a server or the bytes of a key. Watch text
   * that encodes bytes, such as a member of a JWK, as both.
   */
  watch(label: string, value: string | Uint8Array): void
  /**
   * Throws if a text contains one of the secrets: plain, percent-encoded, in base64, in hex, or as a
   * list of bytes, as `inspect` and JSON print them. The message names the label, never the secret.
   */
  expectNoCanary(texts: Iterable<string>): void
}

/** The forms of a secret to search for. */
interface Canary {
  readonly label: string
  readonly forms: readonly (readonly [name: string, text: string])[]
  /** Searched in lower case and without spaces. */
  readonly bareForms: readonly (readonly [name: string, text: string])[]
}

/** Creates a set of canaries. Each set knows only its own secrets. */
export function createCanaries(): Canaries {
  const canaries = new Map<string, Canary>()

  function watch(label: string, value: string | Uint8Array): void {
    if (value.length < 8) throw new RangeError('A canary must have at least 8 characters or bytes.')
    const isText = typeof value === 'string'
    const bytes = isText ? Buffer.from(value, 'utf8') : Buffer.from(value)
    const hex = bytes.toString('hex')
    canaries.set(`${isText ? 'text' : 'bytes'} ${hex}`, {
      label,
      forms: [
        ...(isText
          ? ([
              ['plain', value],
              ['percent-encoded', encodeURIComponent(value)],
            ] as const)
          : []),
        ['base64', bytes.toString('base64').replace(/=+$/, '')],
        ['base64url', bytes.toString('base64url')],
      ],
      bareForms: [
        ['hex', hex],
        ['list of bytes', bytes.join(',')],
      ],
    })
  }

  return {
    secret(label) {
      const value = `canary.${randomBytes(18).toString('base64url')}`
      watch(label, value)
      return value
    },
    watch,
    expectNoCanary(texts) {
      let index = 0
      for (const text of texts) {
        const bare = text.replaceAll(/\s+/g, '').toLowerCase()
        for (const { label, forms, bareForms } of canaries.values()) {
          const found =
            forms.find(([, form]) => text.includes(form)) ??
            bareForms.find(([, form]) => bare.includes(form))
          if (found !== undefined) {
            throw new Error(
              `Text ${index} contains the secret ${JSON.stringify(label)} (${found[0]}).`,
            )
          }
        }
        index += 1
      }
    },
  }
}
