import type {
  ClientDocumentStore,
  KeptClientDocument,
} from '@evergrant/authorization-server/client-documents'
import { expect, test } from 'vitest'
import { findClient, openClientDocuments } from '../src/authorization-server-client-documents.ts'

const clientId = 'https://client.example/metadata.json'

function table(): ClientDocumentStore {
  const rows = new Map<string, KeptClientDocument>()
  return {
    get: async (url) => rows.get(url),
    async set(url, document) {
      rows.set(url, document)
    },
    async delete(url) {
      rows.delete(url)
    },
  }
}

test('client documents: the last copy is used while a website is down, and other clients get 503', async () => {
  const store = table()
  const published = async () =>
    Response.json({
      client_id: clientId,
      client_name: 'Sample',
      redirect_uris: ['http://127.0.0.1/callback'],
    })
  const documents = openClientDocuments(store, published)
  expect(await findClient(documents, clientId)).toMatchObject({ client: { client_id: clientId } })
  await documents.keep(clientId)

  const afterRestart = openClientDocuments(store, async () => {
    throw new TypeError('connect ECONNREFUSED')
  })
  expect(await findClient(afterRestart, clientId)).toMatchObject({
    client: { client_id: clientId },
  })
  expect(await findClient(afterRestart, 'https://other.example/metadata.json')).toEqual({
    status: 503,
    error: 'temporarily_unavailable',
  })
})

test('client documents: an invalid document identifies no client, and private addresses are never fetched', async () => {
  const documents = openClientDocuments(table(), async () => new Response('', { status: 404 }))
  const unknown = { status: 401, error: 'invalid_client' }
  expect(await findClient(documents, clientId)).toEqual(unknown)
  expect(await findClient(openClientDocuments(table()), 'https://127.0.0.1/client')).toEqual(
    unknown,
  )
})
