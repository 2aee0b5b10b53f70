import { readBearerChallenge } from '@evergrant/core'
import { expect, test } from 'vitest'
import { eras, startNotes, writeNote } from './notes.ts'

const statistics = { owners: 1, notes: 1, fullOwners: 0 }

test.each(eras)('resources: each note is one, for clients of %s', async (era) => {
  await using setup = await startNotes()
  const client = await setup.connect(era, await setup.token('mcp:admin'))
  const { uri, id } = await writeNote(client, { title: 'Shopping', text: 'Milk' })
  const { resources } = await client.listResources()
  expect(resources).toEqual([
    expect.objectContaining({ uri: 'notes://statistics' }),
    expect.objectContaining({ uri, title: 'Shopping', mimeType: 'text/plain' }),
  ])
  const { resourceTemplates } = await client.listResourceTemplates()
  expect(resourceTemplates).toEqual([expect.objectContaining({ uriTemplate: 'notes://note/{id}' })])
  const read = await client.readResource({ uri })
  expect(read.contents).toEqual([{ uri, mimeType: 'text/plain', text: 'Milk' }])
  const counted = await client.readResource({ uri: 'notes://statistics' })
  expect(counted.contents).toMatchObject([{ text: JSON.stringify(statistics) }])
  const completed = await client.complete({
    ref: { type: 'ref/resource', uri: 'notes://note/{id}' },
    argument: { name: 'id', value: 'shop' },
  })
  expect(completed.completion.values).toEqual([id])
})

test.each(eras)('resources: an unknown note is not found, for clients of %s', async (era) => {
  await using setup = await startNotes()
  const client = await setup.connect(era, await setup.token('mcp:read'))
  for (const uri of ['notes://note/unknown', 'notes://note/', 'notes://other', 'file:///etc']) {
    await expect(client.readResource({ uri })).rejects.toThrow(/not found/i)
  }
})

test.each([
  'notes://statistics',
  'NOTES://statistics',
  ' notes://statistics ',
  'notes://stati\nstics',
  '\tnotes:\r//statistics',
])(
  'resources: %j requires mcp:admin, because the SDK reads it as notes://statistics',
  { tags: ['S-13'] },
  async (uri) => {
    await using setup = await startNotes()
    const message = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri } }
    const response = await setup.post(message, await setup.token('mcp:read mcp:write'))
    expect(response.status).toBe(403)
    expect(readBearerChallenge(response.headers.get('www-authenticate'))).toMatchObject({
      error: 'insufficient_scope',
      scope: ['mcp:admin'],
    })
  },
)

test.each([
  'notes://statistics/',
  'notes://statistics?',
  'notes://statistics#x',
  'notes://note/../statistics',
  'notes://note/%2e%2e/statistics',
  'notes:statistics',
  ['notes://statistics'],
  { toString: 'notes://statistics' },
  null,
])('resources: %j reveals no statistics to a reader', { tags: ['S-13'] }, async (uri) => {
  await using setup = await startNotes()
  const message = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri } }
  const response = await setup.post(message, await setup.token('mcp:read'))
  expect(response.status).toBeLessThan(500)
  expect(await response.text()).not.toContain('fullOwners')
})
