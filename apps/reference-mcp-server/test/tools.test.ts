import { expect, test } from 'vitest'
import { callTool, eras, startNotes, titlesOf, writeNote } from './notes.ts'

test.each(eras)('tools: list, read, write and delete notes for clients of %s', async (era) => {
  await using setup = await startNotes()
  const client = await setup.connect(era, await setup.token('mcp:read mcp:write'))
  expect(client.getNegotiatedProtocolVersion()).toBe(era)
  expect(await titlesOf(client)).toEqual([])
  const shopping = await writeNote(client, { title: 'Shopping', text: 'Milk' })
  await writeNote(client, { title: 'Ideas' })
  expect(await titlesOf(client)).toEqual(['Ideas', 'Shopping'])

  const replaced = await writeNote(client, { id: shopping.id, title: 'Shopping', text: 'Bread' })
  expect(replaced).toMatchObject({ id: shopping.id, uri: `notes://note/${shopping.id}` })
  expect(await titlesOf(client)).toEqual(['Shopping', 'Ideas'])
  const { note } = await callTool(client, 'notes_read', { id: shopping.id })
  expect(note).toEqual({ ...replaced, text: 'Bread' })

  expect(await callTool(client, 'notes_delete', { id: shopping.id })).toEqual({
    deleted: shopping.id,
  })
  expect(await titlesOf(client)).toEqual(['Ideas'])
  expect(setup.server.stats().toolCalls).toEqual({
    notes_list: 4,
    notes_write: 3,
    notes_read: 1,
    notes_delete: 1,
  })
})

test.each(eras)('tools: say what they do, for clients of %s', async (era) => {
  await using setup = await startNotes()
  const client = await setup.connect(era, await setup.token('mcp:read'))
  const { tools } = await client.listTools()
  expect(tools.map(({ name, annotations }) => [name, annotations])).toEqual([
    ['notes_list', { readOnlyHint: true, openWorldHint: false }],
    ['notes_read', { readOnlyHint: true, openWorldHint: false }],
    ['notes_write', expect.objectContaining({ readOnlyHint: false, destructiveHint: true })],
    ['notes_delete', expect.objectContaining({ destructiveHint: true, idempotentHint: true })],
    ['notes_statistics', { readOnlyHint: true, openWorldHint: false }],
  ])
  expect(tools.every(({ outputSchema }) => outputSchema !== undefined)).toBe(true)
})

test('tools: the text of a result is its structured content', async () => {
  await using setup = await startNotes()
  const client = await setup.connect('2025-11-25', await setup.token('mcp:read'))
  const result = await client.callTool({ name: 'notes_list', arguments: {} })
  expect(result).toMatchObject({
    content: [{ type: 'text', text: '{"notes":[]}' }],
    structuredContent: { notes: [] },
  })
})

test('tools: a user with the maximum number of notes gets an error, and keeps them all', async () => {
  await using setup = await startNotes()
  const client = await setup.connect('2026-07-28', await setup.token('mcp:admin'))
  const first = await writeNote(client, { title: 'note 1' })
  for (let count = 2; count <= 200; count += 1) await writeNote(client, { title: `note ${count}` })
  await expect(writeNote(client, { title: 'one too many' })).rejects.toThrow(
    /maximum.*Delete a note/,
  )
  await writeNote(client, { id: first.id, title: 'replaced' })
  const titles = await titlesOf(client)
  expect(titles).toHaveLength(200)
  expect(titles.slice(0, 2)).toEqual(['replaced', 'note 200'])
  expect(await callTool(client, 'notes_statistics')).toEqual({
    owners: 1,
    notes: 200,
    fullOwners: 1,
  })
})

test.each([
  ['a title that is too long', { title: 'x'.repeat(201), text: '' }],
  ['a blank title', { title: ' ', text: '' }],
  ['an empty title', { title: '', text: '' }],
  ['a title of two lines', { title: 'a\nb', text: '' }],
  ['a title with a NUL', { title: 'a\u0000', text: '' }],
  ['a text that is too long', { title: 'x', text: 'x'.repeat(20_001) }],
  ['a missing text', { title: 'x' }],
  ['an ID that is too long', { id: 'x'.repeat(65), title: 'x', text: '' }],
  ['an ID of another type', { id: 1, title: 'x', text: '' }],
])('tools: notes_write refuses %s and stores nothing', async (_case, args) => {
  await using setup = await startNotes()
  const client = await setup.connect('2026-07-28', await setup.token('mcp:read mcp:write'))
  const result = await client.callTool({ name: 'notes_write', arguments: args })
  expect(result.isError).toBe(true)
  expect(await titlesOf(client)).toEqual([])
})

test.each([
  ['quotes and SQL', `'"; DROP TABLE notes; --`],
  ['characters outside the BMP', '🗒️ 𝔸'],
  ['controls', 'a\u0000b\u0007\r\n\u2028\u202e'],
  ['the maximum length', '€'.repeat(20_000)],
])('tools: a text with %s is read as it was written', async (_case, text) => {
  await using setup = await startNotes()
  const client = await setup.connect('2026-07-28', await setup.token('mcp:read mcp:write'))
  const { id } = await writeNote(client, { title: 'odd', text })
  expect(await callTool(client, 'notes_read', { id })).toMatchObject({ note: { text } })
})

test.each(['notes_read', 'notes_delete', 'notes_write'])(
  'tools: %s of an unknown ID is an error',
  async (tool) => {
    await using setup = await startNotes()
    const client = await setup.connect('2026-07-28', await setup.token('mcp:admin'))
    const args = { id: 'constructor', title: 'x', text: '' }
    const { isError, content } = await client.callTool({ name: tool, arguments: args })
    expect([isError, JSON.stringify(content)]).toEqual([true, expect.stringContaining('no note')])
    expect(await titlesOf(client)).toEqual([])
  },
)

test(
  'notes: belong to the subject at its issuer, and others cannot list, read, replace or delete them',
  { tags: ['S-12'] },
  async () => {
    await using setup = await startNotes()
    const alice = await setup.connect('2026-07-28', await setup.token('mcp:admin', 'alice'))
    const bob = await setup.connect('2025-11-25', await setup.token('mcp:admin', 'bob'))
    const { id, uri } = await writeNote(alice, { title: 'a secret', text: 'of alice' })
    expect(await titlesOf(bob)).toEqual([])
    expect((await bob.listResources()).resources.map((resource) => resource.uri)).not.toContain(uri)
    for (const tool of ['notes_read', 'notes_delete', 'notes_write']) {
      const args = { id, title: 'taken', text: '' }
      const { isError, content } = await bob.callTool({ name: tool, arguments: args })
      expect(isError).toBe(true)
      expect(JSON.stringify(content)).not.toContain('secret')
    }
    await expect(bob.readResource({ uri })).rejects.toThrow(/not found/i)
    await expect(bob.getPrompt({ name: 'improve_note', arguments: { id } })).rejects.toThrow(
      'no note',
    )
    const completed = await bob.complete({
      ref: { type: 'ref/prompt', name: 'improve_note' },
      argument: { name: 'id', value: '' },
    })
    expect(completed.completion.values).toEqual([])
    expect(await titlesOf(alice)).toEqual(['a secret'])
  },
)

test('notes: a client that acts for itself is an owner, also beside a user with its ID', async () => {
  await using setup = await startNotes({ tokenTypes: ['jwt'] })
  const { as, server } = setup
  const sign = async (claims: Readonly<Record<string, unknown>>) =>
    await as.signAccessToken({
      scope: 'mcp:admin',
      resource: server.resource,
      header: { typ: 'JWT' },
      claims,
    })
  const asItself = await setup.connect('2026-07-28', await sign({ sub: 'c1', client_id: 'c1' }))
  await writeNote(asItself, { title: 'of the client' })
  const nameless = await setup.connect(
    '2026-07-28',
    await sign({ sub: undefined, client_id: 'c1' }),
  )
  expect(await titlesOf(nameless)).toEqual(['of the client'])
  const user = await setup.connect('2026-07-28', await sign({ sub: 'c1', client_id: 'c2' }))
  expect(await titlesOf(user)).toEqual([])
  await writeNote(user, { title: 'of the user' })
  expect(await callTool(user, 'notes_statistics')).toMatchObject({ owners: 2, notes: 2 })

  const token = await sign({ sub: undefined, client_id: undefined })
  const response = await fetch(server.url, { headers: { authorization: `Bearer ${token}` } })
  expect([response.status, await response.text()]).toEqual([
    403,
    expect.stringContaining('neither a user nor a client'),
  ])
})
