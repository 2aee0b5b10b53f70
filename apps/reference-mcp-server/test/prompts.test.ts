import { expect, test } from 'vitest'
import { eras, startNotes, writeNote } from './notes.ts'

test.each(eras)('prompts: contain notes of the user, for clients of %s', async (era) => {
  await using setup = await startNotes()
  const client = await setup.connect(era, await setup.token('mcp:read mcp:write'))
  const { id, uri } = await writeNote(client, { title: 'Shopping', text: 'Milk' })
  const { prompts } = await client.listPrompts()
  expect(prompts.map(({ name }) => name)).toEqual(['summarize_notes', 'improve_note'])
  const resource = expect.objectContaining({ uri, text: 'Shopping\n\nMilk' })

  const summary = await client.getPrompt({
    name: 'summarize_notes',
    arguments: { focus: 'dates' },
  })
  expect(summary.messages.map(({ content }) => content)).toEqual([
    { type: 'resource', resource },
    { type: 'text', text: expect.stringMatching(/Summarize these 1 notes.*Concentrate on: dates/) },
  ])
  const improve = await client.getPrompt({ name: 'improve_note', arguments: { id } })
  expect(improve.messages[0]?.content).toEqual({ type: 'resource', resource })
  const completed = await client.complete({
    ref: { type: 'ref/prompt', name: 'improve_note' },
    argument: { name: 'id', value: 'SHOP' },
  })
  expect(completed.completion.values).toEqual([id])
})

test('prompts: summarize_notes is bounded, and says how many notes are left out', async () => {
  await using setup = await startNotes()
  const client = await setup.connect('2026-07-28', await setup.token('mcp:read mcp:write'))
  for (let count = 1; count <= 7; count += 1) {
    await writeNote(client, { title: `note ${count}`, text: 'x'.repeat(19_000) })
  }
  const { messages } = await client.getPrompt({ name: 'summarize_notes', arguments: {} })
  expect(messages).toHaveLength(6)
  expect(JSON.stringify(messages.at(-1))).toContain('2 older notes are left out')
})

test('prompts: improve_note of an unknown ID is an error', async () => {
  await using setup = await startNotes()
  const client = await setup.connect('2026-07-28', await setup.token('mcp:read'))
  const asked = client.getPrompt({ name: 'improve_note', arguments: { id: 'unknown' } })
  await expect(asked).rejects.toThrow('no note with the ID')
})
