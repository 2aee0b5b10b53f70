import { createClientKeySets, createClientMetadataDocuments } from '../../src/client-documents.ts'
import type {
  ClientDocumentOptions,
  ClientDocumentStore,
  KeptClientDocument,
} from '../../src/client-documents.ts'

export const clientId = 'https://client.example/metadata.json'

export function document(overrides: object = {}) {
  return {
    client_id: clientId,
    client_name: 'Document client',
    redirect_uris: ['http://127.0.0.1/callback'],
    ...overrides,
  }
}

/** A host that sends `answer`, a clock that does not move, and the documents of that host. */
export function scene(options: Partial<ClientDocumentOptions> = {}) {
  const host = {
    answer: (_url: string, _headers: Headers): Response | Promise<Response> =>
      Response.json(document()),
  }
  const requests: { url: string; headers: Headers }[] = []
  const clock = { now: 1_800_000_000 }
  const copies: string[] = []
  const all: ClientDocumentOptions = {
    async fetch(input, init) {
      const url = String(input)
      const headers = new Headers(init?.headers)
      requests.push({ url, headers })
      return await host.answer(url, headers)
    },
    clock: { nowEpochSeconds: () => clock.now },
    observe: ({ url }) => copies.push(url),
    ...options,
  }
  return {
    host,
    clock,
    copies,
    requests,
    documents: createClientMetadataDocuments(all),
    keySets: createClientKeySets(all),
    /** The documents of another process of the same server. */
    otherProcess: () => createClientMetadataDocuments(all),
  }
}

export function memoryStore() {
  const rows = new Map<string, KeptClientDocument>()
  const expiries = new Map<string, number>()
  const store: ClientDocumentStore = {
    get: async (url) => {
      const row = rows.get(url)
      return row === undefined ? undefined : structuredClone(row)
    },
    async set(url, kept, expiresAtEpochSeconds) {
      rows.set(url, JSON.parse(JSON.stringify(kept)))
      expiries.set(url, expiresAtEpochSeconds)
    },
    async delete(url) {
      rows.delete(url)
    },
  }
  return { rows, expiries, store }
}

export const down = () => {
  throw new TypeError('connect ECONNREFUSED')
}

export const jsonType = { 'content-type': 'application/json' }
