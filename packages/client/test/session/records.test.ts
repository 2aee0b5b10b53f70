import { expect, test } from 'vitest'
import type { RecordKind, RecordStore, Session } from '../../src/index.ts'
import { createSession, listPartitions, listSessions, retryRevocations } from '../../src/index.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

/** Makes every record of a kind look like one of a later version, and returns the bodies. */
async function writtenLater(store: RecordStore, kind: RecordKind): Promise<readonly string[]> {
  const bodies: string[] = []
  for (const id of await idsOf(store, kind)) {
    const stored = await store.read({ kind, id })
    const body = JSON.stringify({ version: 2, elsewhere: stored?.body })
    await store.write({ kind, id }, body, stored?.generation ?? 0)
    bodies.push(body)
  }
  return bodies
}

async function idsOf(store: RecordStore, kind: RecordKind): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const id of store.list(kind)) ids.push(id)
  return ids
}

async function bodiesOf(store: RecordStore, kind: RecordKind): Promise<readonly unknown[]> {
  const ids = await idsOf(store, kind)
  return await Promise.all(ids.map(async (id) => (await store.read({ kind, id }))?.body))
}

function redirectSession(it: Scene): Session {
  return createSession(it.server.resource, {
    store: it.store,
    clock: it.clock,
    client: { name: 'a gateway' },
    signIn: { kind: 'redirect', redirectUri: 'https://app.test/callback' },
  })
}

/** Starts a sign-in for a scope, and returns the authorization URL. */
async function begin(session: Session, scope: string): Promise<string> {
  const challenge = { scheme: 'Bearer', scope: [scope] } as const
  const required: unknown = await session.signIn({ challenge }).catch((error: unknown) => error)
  return String(Reflect.get(Object(required), 'authorizationUrl'))
}

async function callbackOf(authorizationUrl: string): Promise<string> {
  const answer = await fetch(authorizationUrl, { redirect: 'manual' })
  return answer.headers.get('location') ?? ''
}

async function verifiersIn(store: RecordStore): Promise<number> {
  const records = await bodiesOf(store, 'authorization')
  return records.filter((body) => String(body).includes('codeVerifier')).length
}

test.each(['binding', 'registration'] as const)(
  'records: a %s of a later version is not changed, and nothing is sent',
  { tags: ['C-52'] },
  async (kind) => {
    await using it = await scene()
    await it.session().signIn()
    const bodies = await writtenLater(it.store, kind)
    expect(bodies).toHaveLength(1)
    const tokenRequests = it.as.count('token')

    await expect(it.session().signIn({ force: true })).rejects.toMatchObject({
      code: 'RECORD_UNREADABLE',
      message: expect.stringContaining('Update to the version that wrote it'),
    })
    expect(await bodiesOf(it.store, kind)).toEqual(bodies)
    expect(it.as.count('token')).toBe(tokenRequests)
  },
)

test(
  'records: an unreadable binding does not hide others in the list',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene()
    await it.session().signIn()
    await writtenLater(it.store, 'binding')
    await using other = await scene()
    const second = other.session({ store: it.store })
    await second.signIn()
    const { serverUrls, unreadable } = await listSessions(it.store)
    expect(serverUrls).toEqual([second.serverUrl])
    expect(unreadable).toMatchObject([{ code: 'RECORD_UNREADABLE' }])
  },
)

test('records: an unreadable revocation does not block others', { tags: ['C-57'] }, async () => {
  await using it = await scene()
  for (const partition of ['one', 'two']) {
    const session = it.session({ partition })
    await session.signIn()
    it.as.faults.revoke.push({ kind: 'reset' })
    await session.signOut()
  }
  const [first = ''] = await idsOf(it.store, 'revocation')
  const stored = await it.store.read({ kind: 'revocation', id: first })
  await it.store.write({ kind: 'revocation', id: first }, '{"version":2}', stored?.generation ?? 0)
  const counts = await retryRevocations(it.store, { clock: it.clock })
  expect(counts).toEqual({ settled: 1, pending: 1 })
})

test(
  'redirect sign-in: repeated unfinished sign-ins leave one record',
  { tags: ['C-06'] },
  async () => {
    await using it = await scene()
    const session = redirectSession(it)
    const urls = new Set<unknown>()
    for (let started = 0; started < 5; started += 1) {
      const required: unknown = await session.signIn().catch((error: unknown) => error)
      urls.add(Reflect.get(Object(required), 'authorizationUrl'))
      it.clock.advanceSeconds(3600)
    }
    expect(urls.size).toBe(5)
    expect(await verifiersIn(it.store)).toBe(1)
  },
)

test(
  'redirect sign-in: one that was superseded by a wider one can be finished, and leaves no record',
  { tags: ['C-06', 'C-23'] },
  async () => {
    await using it = await scene()
    const session = redirectSession(it)
    const narrow = await begin(session, 'mcp:read')
    const wide = await begin(session, 'mcp:write')
    expect(await begin(session, 'mcp:write')).toBe(wide)
    expect(await verifiersIn(it.store)).toBe(2)
    for (const [url, scope] of [
      [narrow, 'mcp:read'],
      [wide, 'mcp:write'],
    ] as const) {
      const result = await session.completeSignIn(await callbackOf(url))
      expect(result.scope).toContain(scope)
    }
    expect(await bodiesOf(it.store, 'authorization')).toEqual([])
  },
)

test(
  'redirect sign-in: unfinished superseded sign-ins are removed after they expire',
  { tags: ['C-06'] },
  async () => {
    await using it = await scene()
    const session = redirectSession(it)
    for (const scope of ['mcp:read', 'mcp:write', 'mcp:admin']) await begin(session, scope)
    expect(await verifiersIn(it.store)).toBe(3)
    it.clock.advanceSeconds(3600)
    await begin(session, 'mcp:read')
    expect(await verifiersIn(it.store)).toBe(1)
  },
)

test(
  'redirect sign-in: calls that alternate between two scopes leave a few records',
  { tags: ['C-06', 'C-23'] },
  async () => {
    await using it = await scene()
    const session = redirectSession(it)
    let last = ''
    for (let call = 0; call < 30; call += 1) {
      last = await begin(session, call % 2 === 0 ? 'mcp:read' : 'mcp:write')
    }
    expect(await verifiersIn(it.store)).toBeLessThan(10)
    expect((await session.completeSignIn(await callbackOf(last))).outcome).toBe('signed-in')
  },
)

test(
  'records: lists the partitions with a sign-in, and what cannot be read',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene()
    for (const partition of ['two', 'one']) await it.session({ partition }).signIn()
    expect(await listPartitions(it.store)).toEqual({ partitions: ['one', 'two'], unreadable: [] })
    await writtenLater(it.store, 'binding')
    expect(await listPartitions(it.store)).toMatchObject({
      partitions: [],
      unreadable: [{ code: 'RECORD_UNREADABLE' }, { code: 'RECORD_UNREADABLE' }],
    })
  },
)
