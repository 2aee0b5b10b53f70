import { hash } from 'node:crypto'
import { Provider } from 'oidc-provider'
import type { Client, Configuration } from 'oidc-provider'
import type {
  ClientDocumentOptions,
  ClientDocuments,
  ClientDocumentStore,
} from '../client-documents/client-documents.ts'
import { defaultFailureSeconds } from '../client-documents/document-cache.ts'
import { isDocumentUnavailable } from '../client-documents/document-errors.ts'
import { createClientKeySets } from '../client-documents/key-sets.ts'
import { createClientMetadataDocuments } from '../client-documents/metadata-documents.ts'
import type { ArtifactStore } from './artifact-store.ts'

/** The models of stored documents. The engine has no models of these names. */
const models = { metadata: 'KeptDocument', keySets: 'KeptKeySet' }

/** Options of {@link bindClientDocuments}. */
export interface ClientDocumentBindingOptions extends Omit<
  ClientDocumentOptions,
  'observe' | 'store'
> {
  /** Where documents of clients that got tokens are stored. */
  readonly artifacts: ArtifactStore
  readonly observe?: ((event: ClientDocumentBindingEvent) => void) | undefined
}

/** What happened to the documents of clients. */
export interface ClientDocumentBindingEvent {
  /**
   * `copy-used`: the host does not answer. `not-kept`: the store failed, so the next copy will be
   * missing or older.
   */
  readonly type: 'copy-used' | 'not-kept'
  readonly url: string
  readonly cause: unknown
}

/** What {@link bindClientDocuments} returns. */
export interface ClientDocumentBinding {
  /** Spread into the configuration of `new Provider(issuer, configuration)`. */
  readonly configuration: Pick<Configuration, 'fetch' | 'fetchResponseBodyLimits'>
  /** Merge into `features.clientIdMetadataDocument`, so that only the binding caches. */
  readonly clientIdMetadataDocument: { readonly cacheDuration: { min: number; max: number } }
  /**
   * Attaches to a provider built with `configuration`. Call once, before it serves requests. If a
   * document cannot be fetched, the token endpoint then answers `503 temporarily_unavailable`, not
   * `invalid_client`.
   */
  attach(provider: Provider): void
}

/**
 * Makes oidc-provider 9 fetch Client ID Metadata Documents and key sets of clients through
 * {@link createClientMetadataDocuments} and {@link createClientKeySets}, and everything else through
 * `fetch`.
 *
 * @example
 * ```ts
 * const documents = bindClientDocuments({ fetch: createGuardedFetch(), artifacts })
 * const provider = new Provider(issuer, { ...documents.configuration })
 * documents.attach(provider)
 * ```
 */
export function bindClientDocuments(options: ClientDocumentBindingOptions): ClientDocumentBinding {
  const emit = options.observe ?? (() => {})
  const metadata = createClientMetadataDocuments({
    ...options,
    store: documentStore(options.artifacts, models.metadata),
  })
  const keySets = createClientKeySets({
    ...options,
    store: documentStore(options.artifacts, models.keySets),
  })

  async function keepDocumentsOf(client: Client): Promise<void> {
    const { clientId, jwksUri } = client
    if (client['clientIdMetadataDocument'] === true) await keep(metadata, clientId)
    if (jwksUri !== undefined) await keep(keySets, jwksUri)
  }

  async function keep(documents: ClientDocuments<unknown>, url: string): Promise<void> {
    try {
      await documents.keep(url)
    } catch (cause) {
      // The tokens are issued. A missing copy only matters in a later outage.
      emit({ type: 'not-kept', url, cause })
    }
  }

  return {
    configuration: {
      async fetch(input, init) {
        // The engine passes URLs as strings. A Request would have a method and a body.
        if (input instanceof Request) throw new TypeError('expected a URL')
        const url = String(input)
        // The engine follows redirects everywhere except for metadata documents.
        if (init?.redirect === 'manual') return await answerWith(metadata, url)
        if (url === keySetUrl()) return await answerWith(keySets, url)
        return await options.fetch(url, init)
      },
      // The limit is enforced where the body is read. The engine only sees bodies within it.
      fetchResponseBodyLimits: {
        'client_id metadata document': Number.POSITIVE_INFINITY,
        jwks_uri: Number.POSITIVE_INFINITY,
      },
    },
    clientIdMetadataDocument: { cacheDuration: { min: 1, max: 86_400 } },
    attach(provider) {
      const served = new WeakMap<object, Client>()
      const unavailable = new WeakSet<object>()
      provider.on('grant.success', (ctx) => {
        if (ctx.oidc.client !== undefined) served.set(ctx, ctx.oidc.client)
      })
      const note = (ctx: object, error: Error) => {
        if (isClientDocumentUnavailable(error)) unavailable.add(ctx)
      }
      provider.on('grant.error', note)
      provider.on('introspection.error', note)
      provider.on('revocation.error', note)
      provider.use(async (ctx, next) => {
        await next()
        const client = served.get(ctx)
        if (client !== undefined) await keepDocumentsOf(client)
        // The engine answers invalid_client, on which clients discard their grant.
        if (unavailable.has(ctx)) {
          ctx.status = 503
          ctx.set('retry-after', String(options.failureSeconds ?? defaultFailureSeconds))
          ctx.body = {
            error: 'temporarily_unavailable',
            error_description: 'the metadata or the keys of the client cannot be fetched right now',
          }
        }
      })
    },
  }
}

/** The engine does not say what it fetches. It fetches keys for the client of the current request. */
function keySetUrl(): string | undefined {
  const uri = Provider.ctx?.oidc.client?.jwksUri
  return uri === undefined ? undefined : URL.parse(uri)?.href
}

async function answerWith(documents: ClientDocuments<unknown>, url: string): Promise<Response> {
  const { text, freshForSeconds } = await documents.resolve(url)
  return new Response(text, {
    headers: { 'content-type': 'application/json', 'cache-control': `max-age=${freshForSeconds}` },
  })
}

function documentStore(artifacts: ArtifactStore, model: string): ClientDocumentStore {
  // URLs are too long for the keys of some databases.
  const idOf = (url: string) => hash('sha256', url, 'base64url')
  return {
    async get(url) {
      const artifact = await artifacts.find(model, idOf(url))
      const { text, policy, confirmedAt } = artifact?.payload ?? {}
      if (typeof text !== 'string' || typeof confirmedAt !== 'number') return undefined
      return { text, policy, confirmedAtEpochSeconds: confirmedAt }
    },
    async set(url, { text, policy, confirmedAtEpochSeconds }, expiresAtEpochSeconds) {
      const payload = { text, policy, confirmedAt: confirmedAtEpochSeconds }
      await artifacts.put(model, idOf(url), { payload, expiresAtEpochSeconds })
    },
    async delete(url) {
      await artifacts.delete(model, idOf(url))
    },
  }
}

/**
 * Says whether an error of the engine was caused by a client's document that cannot be fetched right
 * now. Use it in `renderError`: neither the user nor the client made a mistake.
 */
export function isClientDocumentUnavailable(error: unknown): boolean {
  return (
    isDocumentUnavailable(error) ||
    (error instanceof Error && isClientDocumentUnavailable(error.cause))
  )
}
