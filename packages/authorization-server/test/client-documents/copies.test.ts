import { expect, test } from 'vitest'
import type { ClientDocumentStore } from '../../src/client-documents.ts'
import { clientId, document, down, memoryStore, scene } from './scene.ts'

const kept = async (headers: Record<string, string> = {}) => {
  const memory = memoryStore()
  const all = scene({ store: memory.store })
  all.host.answer = () => Response.json(document(), { headers })
  await all.documents.resolve(clientId)
  await all.documents.keep(clientId)
  return { ...all, ...memory }
}

test.each<[string, () => Response]>([
  ['does not answer', down],
  ['answers 500', () => new Response('', { status: 500 })],
  ['answers 429', () => new Response('', { status: 429 })],
])(
  'copies: replace a host that %s, in another process too',
  { tags: ['A-09'] },
  async (_, answer) => {
    const { otherProcess, host, copies, requests } = await kept()
    host.answer = answer
    const documents = otherProcess()
    expect(await documents.resolve(clientId)).toMatchObject({
      source: 'copy',
      document: document(),
      freshForSeconds: 10,
    })
    await documents.resolve(clientId)
    expect(requests).toHaveLength(2)
    expect(copies).toEqual([clientId])
  },
)

test(
  'copies: are replaced as soon as the host answers otherProcess',
  { tags: ['A-09'] },
  async () => {
    const { otherProcess, host, clock } = await kept()
    host.answer = down
    const documents = otherProcess()
    await documents.resolve(clientId)
    host.answer = () => Response.json(document({ client_name: 'New name' }))
    clock.now += 10
    expect(await documents.resolve(clientId)).toMatchObject({
      source: 'fetched',
      document: { client_name: 'New name' },
    })
  },
)

test('copies: are used until 30 days after the last confirmation', { tags: ['A-09'] }, async () => {
  const { otherProcess, host, clock, expiries } = await kept()
  expect(expiries.get(clientId)).toBe(clock.now + 30 * 86_400)
  host.answer = down
  clock.now += 30 * 86_400 - 1
  expect(await otherProcess().resolve(clientId)).toMatchObject({ source: 'copy' })
  clock.now += 1
  await expect(otherProcess().resolve(clientId)).rejects.toMatchObject({
    code: 'CLIENT_DOCUMENT_UNAVAILABLE',
  })
})

test(
  'copies: are deleted when the host says that there is no document',
  { tags: ['A-09'] },
  async () => {
    const { otherProcess, host, rows } = await kept()
    host.answer = () => new Response('', { status: 410 })
    await expect(otherProcess().resolve(clientId)).rejects.toMatchObject({
      code: 'CLIENT_DOCUMENT_INVALID',
    })
    expect(rows.size).toBe(0)
  },
)

test('copies: do not hide an invalid document', { tags: ['A-09'] }, async () => {
  const { otherProcess, host } = await kept()
  host.answer = () => Response.json(document({ client_id: 'https://other.example/' }))
  await expect(otherProcess().resolve(clientId)).rejects.toMatchObject({
    code: 'CLIENT_DOCUMENT_INVALID',
  })
})

test('copies: are stored only for clients that got tokens', { tags: ['A-09'] }, async () => {
  const memory = memoryStore()
  const { documents, host, otherProcess } = scene({ store: memory.store })
  await documents.resolve(clientId)
  expect(memory.rows.size).toBe(0)
  await documents.keep('https://never.example/asked')
  expect(memory.rows.size).toBe(0)
  host.answer = down
  await expect(otherProcess().resolve(clientId)).rejects.toThrow('ECONNREFUSED')
})

test(
  'copies: are stored despite must-revalidate, and not with no-store',
  { tags: ['A-09'] },
  async () => {
    const static_ = await kept({ 'cache-control': 'public, max-age=0, must-revalidate' })
    expect(static_.rows.size).toBe(1)
    const secret = await kept({ 'cache-control': 'no-store' })
    expect(secret.rows.size).toBe(0)
    secret.host.answer = down
    secret.clock.now += 30
    await expect(secret.documents.resolve(clientId)).rejects.toThrow('ECONNREFUSED')
  },
)

test('copies: are written once per confirmation', { tags: ['A-09'] }, async () => {
  const memory = memoryStore()
  let writes = 0
  const store: ClientDocumentStore = {
    ...memory.store,
    async set(...row) {
      writes += 1
      await memory.store.set(...row)
    },
  }
  const { documents, clock } = scene({ store })
  for (const seconds of [0, 0, 0, 30]) {
    clock.now += seconds
    await documents.resolve(clientId)
    await documents.keep(clientId)
  }
  expect(writes).toBe(2)
})

test.each<[string, unknown]>([
  ['no policy', undefined],
  ['a policy of another version', { v: 9 }],
])('copies: one with %s is ignored', { tags: ['A-09'] }, async (_, policy) => {
  const { otherProcess, host, rows } = await kept()
  const row = rows.get(clientId)
  if (row !== undefined) rows.set(clientId, { ...row, policy })
  host.answer = down
  await expect(otherProcess().resolve(clientId)).rejects.toThrow('ECONNREFUSED')
})
