import { hash } from 'node:crypto'
import { Provider } from 'oidc-provider'
import type { Client, Configuration } from 'oidc-provider'
import type {
  ClientDocumentOptions,
  ClientDocuments,
  ClientDocumentStore,
} from '../client-documents/client-documents.ts'
import { defaultFailureSeconds, isDocumentUnavailable } from '../client-documents/document-cache.ts'
import { createClientKeySets } from '../client-documents/key-sets.ts'
import { createClientMetadataDocuments } from '../client-documents/metadata-documents.ts'
import type { ArtifactStore } from './artifacts.ts'

/** What documents are filed under; the engine has no models of these names. */
const models = { metadata: 'KeptDocument', keySets: 'KeptKeySet' }

/** Options of {@link bindClientDocuments}. */
export interface ClientDocumentBindingOptions extends Omit<
  ClientDocumentOptions,
  'onCopyUsed' | 'store'
> {
  /** Where documents of clients that got tokens are kept. */
  readonly artifacts: ArtifactStore
  readonly observe?: ((event: ClientDocumentEvent) => void) | undefined
}

/** What happened to the documents of clients. */
export interface ClientDocumentEvent {
  /**
   * `copy-used`: the host does not answer; `not-kept`: the store failed, so there will be no copy,
   * or an older one.
   */
  readonly type: 'copy-used' | 'not-kept'
  readonly url: string
  readonly cause: unknown
}

/** What {@link bindClientDocuments} returns. */
export interface ClientDocumentBinding {
  /** Spread into the configuration of `new Provider(issuer, configuration)`. */
  readonly configuration: Pick<Configuration, 'fetch' | 'fetchResponseBodyLimits'>
  /** Merge into `features.clientIdMetadataDocument`: the caching is done here, not there. */
  readonly clientIdMetadataDocument: { readonly cacheDuration: { min: number; max: number } }
  /**
   * Attaches to a provider built with `configuration`. Call once, before it serves requests. What
   * cannot be fetched is then `503 temporarily_unavailable` at the token endpoint, not
   * `invalid_client`.
   */
  attach(provider: Provider): void
}

/**
 * Gives oidc-provider 9 what it fetches for clients: Client ID Metadata Documents and key sets
 * through {@link createClientMetadataDocuments} and {@link createClientKeySets}, anything else
 * through `fetch` itself.
 */
export function bindClientDocuments(options: ClientDocumentBindingOptions): ClientDocumentBinding {
  const emit = options.observe ?? (() => {})
  const shared = {
    ...options,
    onCopyUsed: (url: string, cause: unknown) => emit({ type: 'copy-used', url, cause }),
  }
  const metadata = createClientMetadataDocuments({
    ...shared,
    store: documentStore(options.artifacts, models.metadata),
  })
  const keySets = createClientKeySets({
    ...shared,
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
      // The tokens are issued; that there is no copy matters another day, if at all.
      emit({ type: 'not-kept', url, cause })
    }
  }

  return {
    configuration: {
      async fetch(input, init) {
        // The engine hands over URLs as strings; a Request would bring a method and body along.
        if (input instanceof Request) throw new TypeError('expected a URL')
        const url = String(input)
        // It follows redirects everywhere but in metadata documents.
        if (init?.redirect === 'manual') return await answerWith(metadata, url)
        if (url === keySetUrl()) return await answerWith(keySets, url)
        return await options.fetch(url, init)
      },
      // Counted where they are read; the engine only sees what passed.
      fetchResponseBodyLimits: { jwks_uri: Number.POSITIVE_INFINITY },
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
        // The engine says invalid_client, by which clients throw their grant away.
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

/** The engine says nowhere what it fetches; it fetches keys for the client that is at the door. */
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
  // URLs are long, and some databases' keys are not.
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
 * Says whether an error of the engine comes of a client's document that cannot be had right now: for
 * `renderError`, where a person reads it. It is no mistake of theirs, nor of the client's.
 */
export function isClientDocumentUnavailable(error: unknown): boolean {
  return (
    isDocumentUnavailable(error) ||
    (error instanceof Error && isClientDocumentUnavailable(error.cause))
  )
}
