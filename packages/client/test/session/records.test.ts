import { expect, test } from 'vitest'
import type { RecordKind, RecordStore } from '../../src/index.ts'
import { createSession, listSessions, retryRevocations } from '../../src/index.ts'
import { scene } from '../support/signed-in-session.ts'

/** Makes every record of a kind one that a later version wrote, and returns their bodies. */
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

test.each(['binding', 'registration'] as const)(
  'a %s of a later version is left as it is, and nothing is sent',
  { tags: ['C-52'] },
  async (kind) => {
    await using it = await scene()
    await it.session().signIn()
    const bodies = await writtenLater(it.store, kind)
    expect(bodies).toHaveLength(1)
    const tokenRequests = it.as.count('token')

    await expect(it.session().signIn({ anew: true })).rejects.toMatchObject({
      code: 'RECORD_UNREADABLE',
      message: expect.stringContaining('Update to the version that wrote it'),
    })
    expect(await bodiesOf(it.store, kind)).toEqual(bodies)
    expect(it.as.count('token')).toBe(tokenRequests)
  },
)

test('a binding that cannot be read hides no other in the list', { tags: ['C-52'] }, async () => {
  await using it = await scene()
  await it.session().signIn()
  await writtenLater(it.store, 'binding')
  await using other = await scene()
  const second = other.session({ store: it.store })
  await second.signIn()
  const { serverUrls, unreadable } = await listSessions(it.store)
  expect(serverUrls).toEqual([second.serverUrl])
  expect(unreadable).toMatchObject([{ code: 'RECORD_UNREADABLE' }])
})

test(
  'a note of a revocation that cannot be read keeps no other from being settled',
  { tags: ['C-57'] },
  async () => {
    await using it = await scene()
    for (const partition of ['one', 'two']) {
      const session = it.session({ partition })
      await session.signIn()
      it.as.faults.revoke.push({ kind: 'reset' })
      await session.signOut()
    }
    const [first = ''] = await idsOf(it.store, 'revocation')
    const stored = await it.store.read({ kind: 'revocation', id: first })
    await it.store.write(
      { kind: 'revocation', id: first },
      '{"version":2}',
      stored?.generation ?? 0,
    )
    const counts = await retryRevocations(it.store, { clock: it.clock })
    expect(counts).toEqual({ settled: 1, pending: 1 })
  },
)

test(
  'sign-ins by redirect that nobody finishes leave one record, not one each',
  { tags: ['C-06'] },
  async () => {
    await using it = await scene()
    const session = createSession(it.server.resource, {
      store: it.store,
      clock: it.clock,
      client: { name: 'a gateway' },
      signIn: { kind: 'redirect', redirectUri: 'https://app.test/callback' },
    })
    const urls = new Set<unknown>()
    for (let begun = 0; begun < 5; begun += 1) {
      const required: unknown = await session.signIn().catch((error: unknown) => error)
      urls.add(Reflect.get(Object(required), 'authorizationUrl'))
      it.clock.advanceSeconds(3600)
    }
    expect(urls.size).toBe(5)
    const records = await bodiesOf(it.store, 'authorization')
    expect(records.filter((body) => String(body).includes('codeVerifier'))).toHaveLength(1)
  },
)
