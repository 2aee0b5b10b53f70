import { randomBytes } from 'node:crypto'

/** Secrets a test can recognise wherever they leak to. */
export interface Canaries {
  /** Makes a secret that occurs nowhere else. `label` names it in the failure message. */
  secret(label: string): string
  /**
   * Watches a secret that was made elsewhere, say a token a server issued, or the bytes of a key.
   * Text that stands for bytes, such as a member of a JWK, is worth watching as both.
   */
  watch(label: string, value: string | Uint8Array): void
  /**
   * Throws when a text holds one of the secrets: as it is, percent-encoded, in base64, in hex, or
   * as a list of bytes, as `inspect` and JSON show them. The message names the label, never the
   * secret.
   */
  expectNoCanary(texts: Iterable<string>): void
}

/** What a secret looks like where it leaked. */
interface Canary {
  readonly label: string
  readonly forms: readonly (readonly [name: string, text: string])[]
  /** Looked for in lower case and without the spaces in between. */
  readonly bareForms: readonly (readonly [name: string, text: string])[]
}

/** Makes a set of canaries; each set knows only its own. */
export function createCanaries(): Canaries {
  const canaries = new Map<string, Canary>()

  function watch(label: string, value: string | Uint8Array): void {
    if (value.length < 8) throw new RangeError('A canary needs at least 8 characters or bytes.')
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
              `Text ${index} holds the secret ${JSON.stringify(label)} (${found[0]}); expected none.`,
            )
          }
        }
        index += 1
      }
    },
  }
}
