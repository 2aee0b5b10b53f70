import { readBearerChallenge } from '@evergrant/core'
import { jsonBody } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { call, eras, startNotes, titlesOf, writeNote } from './notes.ts'

test.each(eras)(
  'step-up: a call without the required scope gets 403 in %s',
  { tags: ['S-13'] },
  async (era) => {
    await using setup = await startNotes()
    const client = await setup.connect(era, await setup.token('mcp:read'))
    expect(await titlesOf(client)).toEqual([])
    await expect(writeNote(client, { title: 'x' })).rejects.toThrow(/403|scope/i)
    expect(setup.server.stats()).toMatchObject({
      byStatus: { 403: 1 },
      refusals: { 'insufficient-scope': 1 },
      toolCalls: { notes_list: 1 },
    })
    expect(await titlesOf(client)).toEqual([])
  },
)

test('challenge: the first one asks only for mcp:read', { tags: ['S-10', 'S-11'] }, async () => {
  await using setup = await startNotes()
  const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }
  const response = await setup.post(message)
  expect(response.status).toBe(401)
  expect(readBearerChallenge(response.headers.get('www-authenticate'))).toEqual({
    scheme: 'Bearer',
    scope: ['mcp:read'],
    resource_metadata: setup.server.metadataUrl,
  })
})

test('metadata: does not contain offline_access', { tags: ['S-02', 'S-10'] }, async () => {
  await using setup = await startNotes()
  const metadata = await jsonBody(await fetch(setup.server.metadataUrl))
  expect(metadata).toMatchObject({
    resource: setup.server.resource,
    authorization_servers: [setup.as.issuer],
    scopes_supported: ['mcp:read'],
  })
})

test.each([
  ['notes_write', 'mcp:read', ['mcp:read', 'mcp:write']],
  // The challenge also names scopes that the token already has: all that the operation requires.
  ['notes_write', 'mcp:write', ['mcp:read', 'mcp:write']],
  ['notes_delete', 'mcp:read', ['mcp:read', 'mcp:write']],
  ['notes_statistics', 'mcp:read mcp:write', ['mcp:admin']],
  ['notes_read', 'mcp:write', ['mcp:read']],
  ['notes_list', 'mcp:write', ['mcp:read']],
])(
  'challenge: %s with %s is challenged for all required scopes: %j',
  { tags: ['S-13', 'S-01'] },
  async (tool, held, needed) => {
    await using setup = await startNotes()
    const response = await setup.post(
      call(tool, { id: 'x', title: 'x', text: 'x' }),
      await setup.token(held),
    )
    expect(response.status).toBe(403)
    expect(readBearerChallenge(response.headers.get('www-authenticate'))).toMatchObject({
      error: 'insufficient_scope',
      scope: needed,
      resource_metadata: setup.server.metadataUrl,
    })
  },
)

test('challenge: covers every message of a batch', { tags: ['S-13'] }, async () => {
  await using setup = await startNotes()
  const batch = [
    call('notes_list'),
    call('notes_write', { title: 'x', text: '' }),
    call('notes_statistics'),
  ]
  const response = await setup.post(batch, await setup.token('mcp:read'))
  expect(response.status).toBe(403)
  const challenge = readBearerChallenge(response.headers.get('www-authenticate'))
  expect(challenge?.scope).toEqual(['mcp:read', 'mcp:write', 'mcp:admin'])
})

test('scopes: mcp:admin allows every tool', { tags: ['S-14'] }, async () => {
  await using setup = await startNotes()
  const client = await setup.connect('2026-07-28', await setup.token('mcp:admin'))
  await writeNote(client, { title: 'mine' })
  expect(await titlesOf(client)).toEqual(['mine'])
})

test('token: refused for another resource, and after it expired', { tags: ['S-12'] }, async () => {
  await using setup = await startNotes()
  const { as, server } = setup
  const tokens = [
    await as.signAccessToken({ scope: 'mcp:read', resource: 'https://other.example.com/mcp' }),
    await as.signAccessToken({
      scope: 'mcp:read',
      resource: server.resource,
      lifetimeSeconds: -60,
    }),
  ]
  for (const token of tokens) {
    expect((await setup.post(call('notes_list'), token)).status).toBe(401)
  }
  expect(server.stats().refusals).toEqual({ 'token-audience-mismatch': 1, 'token-expired': 1 })
})
