import { startFetchServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import type { LogEntry } from '../src/index.ts'
import { call, startNotes } from './notes.ts'

test(
  'token: accepted without typ, for another audience, with another scope claim, by option',
  { tags: ['S-17', 'S-12'] },
  async () => {
    await using setup = await startNotes({
      tokenTypes: ['absent'],
      additionalAudiences: ['api://notes'],
      scopeClaim: 'permissions',
    })
    const token = await setup.as.signAccessToken({
      scope: 'openid',
      resource: 'api://notes',
      header: { typ: undefined },
      claims: { permissions: ['mcp:read'] },
    })
    expect((await setup.post(call('notes_list'), token)).status).toBe(200)
    expect((await setup.post(call('notes_list'), await setup.token('mcp:read'))).status).toBe(401)
  },
)

test('token: opaque ones are introspected, by option', { tags: ['S-12', 'S-18'] }, async () => {
  let status = 200
  const introspecting = await startFetchServer(async (request) => {
    const isActive = new URLSearchParams(await request.text()).get('token') === 'opaque-token'
    const members = { active: isActive, sub: 'alice', scope: 'mcp:read', aud: 'api://notes' }
    return Response.json(members, { status })
  })
  const introspection = {
    clientId: 'notes',
    clientSecret: 'secret',
    endpoint: `${introspecting.url}/introspect`,
    cacheSeconds: 0,
  }
  await using setup = await startNotes({ introspection, additionalAudiences: ['api://notes'] })
  expect((await setup.post(call('notes_list'), 'opaque-token')).status).toBe(200)
  expect((await setup.post(call('notes_list'), 'another-token')).status).toBe(401)
  // JWTs are verified with keys.
  expect((await setup.post(call('notes_list'), await setup.token('mcp:read'))).status).toBe(200)
  status = 500
  expect((await setup.post(call('notes_list'), 'opaque-token')).status).toBe(503)
  await introspecting.close()
})

test(
  'token: an introspection response with a user name and without a subject gets 403',
  { tags: ['S-12'] },
  async () => {
    await using introspecting = await startFetchServer(async (request) => {
      const username = new URLSearchParams(await request.text()).get('token')
      const members = { active: true, username, client_id: 'app', scope: 'mcp:admin' }
      return Response.json({ ...members, aud: 'api://notes' })
    })
    const introspection = {
      clientId: 'notes',
      clientSecret: 'secret',
      endpoint: `${introspecting.url}/introspect`,
    }
    await using setup = await startNotes({ introspection, additionalAudiences: ['api://notes'] })
    const note = { title: 'a secret', text: '' }
    expect((await setup.post(call('notes_write', note), 'alice')).status).toBe(403)
    const response = await setup.post(call('notes_list'), 'bob')
    expect([response.status, await response.text()]).toEqual([
      403,
      expect.not.stringContaining('a secret'),
    ])
  },
)

test('token: an empty scope and scp, without an option', { tags: ['S-17'] }, async () => {
  await using setup = await startNotes()
  const { as, server } = setup
  const claims = { scp: 'mcp:read' }
  const token = await as.signAccessToken({ scope: '', resource: server.resource, claims })
  expect((await setup.post(call('notes_list'), token)).status).toBe(200)
})

test(
  'keys: 503, and the log says once why they cannot be fetched',
  { tags: ['S-18'] },
  async () => {
    const log: LogEntry[] = []
    await using setup = await startNotes({ log: (entry) => log.push(entry) })
    setup.as.overrideMetadata({ jwks_uri: 'http://as.example.com/jwks' })
    const token = await setup.token('mcp:read')
    for (let round = 0; round < 3; round += 1) {
      const response = await setup.post(call('notes_list'), token)
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    }
    const details = log.flatMap(({ event, detail }) =>
      event === 'token.not_verified' ? [detail] : [],
    )
    expect(details).toEqual([
      expect.stringContaining('jwks_uri is "http://as.example.com/jwks", not an https URL'),
    ])
    expect(details[0]).toContain(setup.as.issuer)
    expect(JSON.stringify(log)).not.toContain(token)
  },
)
