import { createHash } from 'node:crypto'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { RecordStore } from '@evergrant/client'
import { createSession } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { createKeeper } from '@evergrant/client/keeper'
import { memoryStore } from '@evergrant/client/stores/memory'
import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { round, table } from './report.ts'

const manyGrants = 100_000
const burstGrants = 20_000
const lifetimeSeconds = 3600

/** What many grants cost a keeper, and how it spreads their refreshes. */
export async function benchKeeper(): Promise<void> {
  const scheduled = await scheduleMany()
  const burst = await expireWithinAMinute()
  table(
    'A keeper of many grants, over the memory store',
    ['', ''],
    [
      [`time to find and schedule ${round(manyGrants)} grants`, `${round(scheduled.seconds)} s`],
      [
        'memory of the keeper for each, the store not counted',
        `${round(scheduled.bytesEach)} bytes`,
      ],
      [
        `${round(burstGrants)} grants that expire within one minute: refreshed`,
        round(burst.refreshed),
      ],
      ['requests a second, on average', round(burst.average)],
      ['requests a second, at the peak', round(burst.peak)],
    ],
  )
}

async function scheduleMany(): Promise<{ readonly seconds: number; readonly bytesEach: number }> {
  const store = await storeOf(manyGrants, () => Date.now() / 1000 + lifetimeSeconds)
  const keeper = createKeeper(store)
  const before = heapBytes()
  const startedAt = performance.now()
  await keeper.start()
  const seconds = (performance.now() - startedAt) / 1000
  const after = heapBytes()
  if (keeper.stats().grants !== manyGrants) throw new Error('The keeper did not find every grant.')
  await keeper.stop()
  return { seconds, bytesEach: (after - before) / manyGrants }
}

/** By a clock that runs five times as fast, and a token endpoint inside the process. */
async function expireWithinAMinute(): Promise<{
  readonly refreshed: number
  readonly average: number
  readonly peak: number
}> {
  const speed = 5
  const startedAt = Date.now() / 1000
  const now = () => startedAt + (Date.now() / 1000 - startedAt) * speed
  // Due over the next minute: a refresh starts up to five minutes ahead of expiry.
  const store = await storeOf(burstGrants, (index) => startedAt + 330 + (index / burstGrants) * 60)
  const perSecond = new Map<number, number>()
  const allSent = Promise.withResolvers<void>()
  let sent = 0
  const keeper = createKeeper(store, {
    clock: {
      nowEpochSeconds: now,
      sleep: (milliseconds, signal) =>
        new Promise((resolve, reject) => {
          const timer = setTimeout(resolve, milliseconds / speed)
          signal?.addEventListener('abort', () => {
            clearTimeout(timer)
            reject(signal.reason)
          })
        }),
    },
    fetch: async () => {
      const second = Math.floor(now())
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
      sent += 1
      if (sent === burstGrants) allSent.resolve()
      return Response.json({
        access_token: `access-${sent}`,
        token_type: 'Bearer',
        expires_in: lifetimeSeconds,
        refresh_token: `refresh-${sent}`,
      })
    },
  })
  await keeper.start()
  await allSent.promise
  await keeper.stop()
  return {
    refreshed: keeper.stats().refreshed,
    average: sent / perSecond.size,
    peak: Math.max(...perSecond.values()),
  }
}

/** A store with the records of one real sign-in, once for each user. */
async function storeOf(
  users: number,
  expiresAtEpochSeconds: (index: number) => number,
): Promise<RecordStore> {
  const store = memoryStore()
  const [binding, grant] = await recordsOfASignIn()
  for (let index = 0; index < users; index += 1) {
    const partition = `user-${index}`
    const { serverUrl, resource, registration, authorizationServer } = binding
    const { issuer } = authorizationServer
    await store.write(
      { kind: 'binding', id: recordId(['binding', partition, serverUrl]) },
      JSON.stringify({ ...binding, partition }),
      0,
    )
    const expires = expiresAtEpochSeconds(index)
    const tokenSet = {
      ...grant.tokenSet,
      refreshToken: `refresh-token-of-${partition}`,
      issuedAtEpochSeconds: expires - lifetimeSeconds,
      expiresAtEpochSeconds: expires,
    }
    await store.write(
      { kind: 'grant', id: recordId([partition, issuer, resource, registration.clientId]) },
      JSON.stringify({ ...grant, identity: { ...grant.identity, partition }, tokenSet }),
      0,
    )
  }
  return store
}

interface BindingBody {
  readonly serverUrl: string
  readonly resource: string
  readonly registration: { readonly clientId: string }
  readonly authorizationServer: { readonly issuer: string }
}

interface GrantBody {
  readonly identity: object
  readonly tokenSet: object
}

async function recordsOfASignIn(): Promise<readonly [BindingBody, GrantBody]> {
  await using as = await startScriptedAuthorizationServer()
  await using mcp = await startProtectedServer(as, { scopesSupported: ['mcp:read'] })
  const store = memoryStore()
  const session = createSession(mcp.resource, {
    store,
    client: { name: 'bench' },
    signIn: headlessSignIn(),
  })
  await session.signIn()
  const bodies = await Promise.all(
    (['binding', 'grant'] as const).map(async (kind) => {
      for await (const id of store.list(kind)) return (await store.read({ kind, id }))?.body ?? ''
      throw new Error(`The sign-in left no ${kind}.`)
    }),
  )
  const [binding = '', grant = ''] = bodies
  // The package's own records, written a moment ago.
  return [JSON.parse(binding) as BindingBody, JSON.parse(grant) as GrantBody]
}

/** As the client names its records. */
function recordId(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collectGarbage: unknown = runInNewContext('gc')
  if (typeof collectGarbage !== 'function') throw new Error('V8 shows no garbage collector.')
  collectGarbage()
  return process.memoryUsage().heapUsed
}
