import { EvergrantClientError } from '../lib/errors.ts'

/** The secrets of a webhook: each `whsec_` followed by 24 to 64 random bytes in base64. */
export type WebhookSecrets = string | readonly string[]

/** What a signature covers. */
export interface SignedContent {
  readonly id: string
  readonly timestamp: string
  readonly body: string | Uint8Array<ArrayBuffer>
}

/** Signs and verifies with the secrets of one webhook (Standard Webhooks 1.0.0, symmetric). */
export interface WebhookSignatures {
  /** The value of the header `webhook-signature`: one signature for each secret. */
  sign(content: SignedContent): Promise<string>
  /** Whether one of the signatures in the header was made with one of the secrets. */
  verify(content: SignedContent, header: string): Promise<boolean>
}

const prefix = 'whsec_'
const minimumSecretBytes = 24
const maximumSecretBytes = 64
/** Enough for any rotation. More would let a sender multiply the work of a receiver. */
const maximumSecrets = 8
const maximumSignatures = 16
const algorithm = { name: 'HMAC', hash: 'SHA-256' }

/**
 * @param option - The name of the option, for the error.
 * @throws EvergrantClientError `INVALID_OPTION`
 */
export function webhookSignatures(secrets: WebhookSecrets, option: string): WebhookSignatures {
  const list = typeof secrets === 'string' ? [secrets] : secrets
  if (list.length === 0 || list.length > maximumSecrets) {
    throw invalid(option, `it has ${list.length} secrets (expected 1 to ${maximumSecrets})`)
  }
  const keys = list.map((secret, index) => decode(secret, option, index + 1))
  return {
    async sign(content) {
      const message = signedMessage(content)
      const signatures = keys.map(async (key) => {
        const signature = await crypto.subtle.sign('HMAC', await imported(key, 'sign'), message)
        return `v1,${toBase64(new Uint8Array(signature))}`
      })
      return (await Promise.all(signatures)).join(' ')
    },
    async verify(content, header) {
      const message = signedMessage(content)
      const signatures = header
        .split(' ', maximumSignatures)
        .filter((one) => one.startsWith('v1,'))
        .map((one) => fromBase64(one.slice('v1,'.length)))
        .filter((one) => one !== undefined)
      let isValid = false
      for (const key of keys) {
        const verifier = await imported(key, 'verify')
        for (const signature of signatures) {
          // Compares in constant time. All are compared, so the time does not tell which one matched.
          if (await crypto.subtle.verify('HMAC', verifier, signature, message)) isValid = true
        }
      }
      return isValid
    },
  }
}

function decode(secret: unknown, option: string, position: number): Uint8Array<ArrayBuffer> {
  const bytes =
    typeof secret === 'string' && secret.startsWith(prefix)
      ? fromBase64(secret.slice(prefix.length))
      : undefined
  if (
    bytes !== undefined &&
    bytes.length >= minimumSecretBytes &&
    bytes.length <= maximumSecretBytes
  ) {
    return bytes
  }
  // Without the value, because it can be a secret with a typing error.
  throw invalid(
    option,
    `secret ${position} is malformed (expected "${prefix}" and ${minimumSecretBytes} to ${maximumSecretBytes} bytes in base64)`,
  )
}

function invalid(option: string, found: string): EvergrantClientError {
  return new EvergrantClientError(
    'INVALID_OPTION',
    `The option "${option}" cannot be used: ${found}. Create a secret with: echo "${prefix}$(openssl rand -base64 32)"`,
  )
}

function signedMessage({ id, timestamp, body }: SignedContent): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const head = encoder.encode(`${id}.${timestamp}.`)
  const content = typeof body === 'string' ? encoder.encode(body) : body
  const message = new Uint8Array(head.length + content.length)
  message.set(head)
  message.set(content, head.length)
  return message
}

async function imported(key: Uint8Array<ArrayBuffer>, usage: 'sign' | 'verify') {
  return await crypto.subtle.importKey('raw', key, algorithm, false, [usage])
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]{1,400}={0,2}$/.test(text)) return undefined
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}
