import { needsReauthWebhook } from '@evergrant/client/refresh-worker'
import type { NeedsReauthNotice } from '@evergrant/client/refresh-worker'
import { WorkerError } from '../lib/errors.ts'
import type { GivenOptions } from './given-options.ts'
import { listOf, textOf } from './given-options.ts'
import { readSmallFile, unusable } from './read-small-file.ts'

/** Where notices go. */
export interface WebhookSettings {
  /** Without its path, which is often a secret. */
  readonly origin: string
  /** Texts that no output may contain. */
  readonly secrets: readonly string[]
  readonly deliver: (notice: NeedsReauthNotice) => Promise<void>
}

/** @throws WorkerError `OPTION_INVALID`, `FILE_UNUSABLE`; EvergrantClientError `INVALID_OPTION` */
export async function readWebhook(given: GivenOptions): Promise<WebhookSettings | undefined> {
  const url = textOf(given, 'webhook-url')
  const files = listOf(given, 'webhook-secret-file')
  if (url === undefined && files.length === 0) return undefined
  if (url === undefined || files.length === 0) {
    throw new WorkerError(
      'OPTION_INVALID',
      'Set --webhook-url and --webhook-secret-file together: each message is signed. Create a secret with: echo "whsec_$(openssl rand -base64 32)" > webhook.secret',
    )
  }
  const source = given('webhook-secret-file')?.source ?? ''
  const secrets = await Promise.all(files.map((file) => readSecret(file, source)))
  // With the fetch of the runtime: the operator chose the URL, which may be in a private network.
  const deliver = needsReauthWebhook({ url, secret: secrets })
  return { origin: new URL(url).origin, secrets, deliver }
}

async function readSecret(file: string, source: string): Promise<string> {
  const secret = (await readSmallFile(file, source)).toString('utf8').trim()
  if (/^whsec_[\w+/]+=*$/.test(secret)) return secret
  throw unusable(file, source, 'it is not a webhook secret (expected whsec_ followed by base64)')
}
