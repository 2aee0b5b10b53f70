import { randomBytes } from 'node:crypto'

/** Secrets a test can recognise wherever they leak to. */
export interface Canaries {
  /** Makes a secret that occurs nowhere else. `label` names it in the failure message. */
  secret(label: string): string
  /** Watches a secret that was made elsewhere, say a token a server issued. */
  watch(label: string, value: string): void
  /**
   * Throws when a text holds one of the secrets: as it is, percent-encoded, in base64 or in hex.
   * The message names the label, never the secret.
   */
  expectNoCanary(texts: Iterable<string>): void
}

/** Makes a set of canaries; each set knows only its own. */
export function createCanaries(): Canaries {
  const labels = new Map<string, string>()

  return {
    secret(label) {
      const value = `canary.${randomBytes(18).toString('base64url')}`
      labels.set(value, label)
      return value
    },
    watch(label, value) {
      if (value.length < 8) throw new RangeError('A canary needs at least 8 characters.')
      labels.set(value, label)
    },
    expectNoCanary(texts) {
      let index = 0
      for (const text of texts) {
        for (const [value, label] of labels) {
          const form = leakedForm(text, value)
          if (form !== undefined) {
            throw new Error(
              `Text ${index} holds the secret ${JSON.stringify(label)} (${form}); expected none.`,
            )
          }
        }
        index += 1
      }
    },
  }
}

function leakedForm(text: string, value: string): string | undefined {
  const bytes = Buffer.from(value, 'utf8')
  const forms: readonly (readonly [string, string])[] = [
    ['plain', value],
    ['percent-encoded', encodeURIComponent(value)],
    ['base64', bytes.toString('base64').replace(/=+$/, '')],
    ['base64url', bytes.toString('base64url')],
    ['hex', bytes.toString('hex')],
  ]
  return forms.find(([, encoded]) => text.includes(encoded))?.[0]
}
