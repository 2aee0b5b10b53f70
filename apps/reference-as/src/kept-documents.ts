import { hash } from 'node:crypto'
import { AuthorizationServerError } from '@evergrant/authorization-server'
import type { GuardedFetch } from '@evergrant/authorization-server/guarded-fetch'
import type { ArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import type { Provider } from 'oidc-provider'
import { clip } from './log.ts'
import type { Log } from './log.ts'

/** What a copy is filed under; the engine has no model of this name. */
const model = 'KeptDocument'

/** What draft-ietf-oauth-client-id-metadata-document recommends as a limit. */
const maximumDocumentBytes = 5 * 1024

/** As many as the engine caches, so that one that it takes from there is at hand here as well. */
const maximumPending = 100

/** Answers that say nothing about the document: the host is busy or broken, and may be back. */
const passingStatuses: ReadonlySet<number> = new Set([408, 429])

/** What {@link createKeptDocuments} works with. */
export interface KeptDocumentDependencies {
  readonly fetch: GuardedFetch
  readonly artifacts: ArtifactStore
  readonly log: Log
  /** How old a copy may be when it is used. Default 30 days. */
  readonly maximumAgeSeconds?: number | undefined
  /** The clock; default the system's. */
  readonly nowEpochSeconds?: (() => number) | undefined
}

/** Copies of metadata documents, for the time that their hosts do not answer. */
export interface KeptDocuments {
  /** Fetches a metadata document, or gives its copy where the host does not answer. */
  readonly fetch: GuardedFetch
  /** Keeps what was fetched of a client last, if that is new. */
  keep(clientId: string): Promise<void>
}

/**
 * Keeps metadata documents beyond the engine's cache, which a restart empties: a host that is down
 * for an hour must not end the sign-ins of everybody who uses the client.
 *
 * A copy stands in for a missing answer only. An answer that is another one than the document, say
 * 404, is the publisher's word: it is passed on, and the copy goes.
 */
export function createKeptDocuments(dependencies: KeptDocumentDependencies): KeptDocuments {
  const { artifacts, log } = dependencies
  const maximumAgeSeconds = dependencies.maximumAgeSeconds ?? 30 * 86_400
  const now = dependencies.nowEpochSeconds ?? (() => Math.floor(Date.now() / 1000))
  const pending = new Map<string, string>()

  async function fetchDocument(url: string, init: Parameters<GuardedFetch>[1]): Promise<Response> {
    const response = await dependencies.fetch(url, init)
    const { status, headers } = response
    if (status >= 500 || passingStatuses.has(status)) {
      throw new Error(`The host of the metadata document answered with status ${status}.`)
    }
    if (status !== 200) {
      await artifacts.delete(model, storageId(url))
      return response
    }
    // Whatever else lies on a trusted host, such as what its users upload, is no client of it.
    const type = headers.get('content-type') ?? ''
    if (!/^application\/(?:json|[\w.+-]+\+json)\s*(?:;|$)/i.test(type)) {
      await response.body?.cancel()
      throw new AuthorizationServerError(
        'FETCH_REFUSED',
        `Refused a metadata document that is ${JSON.stringify(type.slice(0, 60))}: only JSON is one.`,
      )
    }
    const text = await boundedText(response)
    const [oldest] = pending.keys()
    if (pending.size >= maximumPending && oldest !== undefined) pending.delete(oldest)
    pending.set(url, text)
    return new Response(text, { headers })
  }

  async function copyOf(url: string): Promise<Response | undefined> {
    const artifact = await artifacts.find(model, storageId(url))
    const text: unknown = artifact?.payload['document']
    if (typeof text !== 'string' || (artifact?.expiresAtEpochSeconds ?? 0) <= now()) {
      return undefined
    }
    // The engine may have found fault with what came in the meantime.
    pending.delete(url)
    log({ level: 'warn', event: 'metadata_document.copy_used', client: clip(url) })
    // Without headers for caches the engine asks the host again after its shortest time.
    return new Response(text, { headers: { 'content-type': 'application/json' } })
  }

  return {
    async fetch(input, init) {
      const url = String(input)
      try {
        return await fetchDocument(url, init)
      } catch (error) {
        // What is refused here has nothing to do with the host being down.
        const copy = AuthorizationServerError.is(error) ? undefined : await copyOf(url)
        if (copy === undefined) throw error
        return copy
      }
    },
    async keep(clientId) {
      const document = pending.get(clientId)
      if (document === undefined) return
      pending.delete(clientId)
      await artifacts.put(model, storageId(clientId), {
        payload: { document },
        expiresAtEpochSeconds: now() + maximumAgeSeconds,
      })
    },
  }
}

/**
 * Keeps the documents of clients that get tokens. Those that are only asked about are kept
 * nowhere: anybody can name any number of URLs.
 */
export function keepUsedDocuments(provider: Provider, documents: KeptDocuments, log: Log): void {
  const served = new WeakMap<object, string>()
  provider.on('grant.success', (ctx) => {
    const { client } = ctx.oidc
    if (client?.['clientIdMetadataDocument'] === true) served.set(ctx, client.clientId)
  })
  provider.use(async (ctx, next) => {
    await next()
    const clientId = served.get(ctx)
    if (clientId === undefined) return
    try {
      await documents.keep(clientId)
    } catch (error) {
      // The tokens are issued; that there is no copy matters another day, if at all.
      const detail = clip(error instanceof Error ? error.message : String(error))
      log({ level: 'error', event: 'metadata_document.not_kept', client: clip(clientId), detail })
    }
  })
}

/** URLs are long, and some databases' keys are not. */
function storageId(url: string): string {
  return hash('sha256', url, 'base64url')
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let received = 0
  for await (const chunk of response.body ?? []) {
    received += chunk.byteLength
    if (received > maximumDocumentBytes) {
      throw new AuthorizationServerError(
        'FETCH_REFUSED',
        `Refused a metadata document that is longer than ${maximumDocumentBytes} bytes.`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
