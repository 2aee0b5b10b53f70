import { createHash } from 'node:crypto'
import process from 'node:process'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { RecordStore } from '@evergrant/client'
import { createSession } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { createRefreshWorker } from '@evergrant/client/refresh-worker'
import { memoryStore } from '@evergrant/client/stores/memory'
import {
  startProtectedServer,
  startScriptedAuthorizationServer,
  virtualClock,
} from '@evergrant/test-kit'
import { round, table } from './report.ts'

const lifetimeSeconds = 3600
const expirySpanSeconds = 60

/** What many grants cost a refresh worker that meets a minute in which all of them expire. */
export async function benchRefreshWorker(): Promise<void> {
  const grants = 100_000
  const seen = await keepThroughThePeak(grants)
  table(
    `A refresh worker for ${round(grants)} grants that all expire within one minute, over the memory store`,
    ['', ''],
    [
      ['time to find and schedule them', `${round(seen.scheduleSeconds)} s`],
      [
        'memory of the refresh worker for each, the store not counted',
        `${round(seen.bytesEach)} bytes`,
      ],
      ['refreshed once, before they expired', round(seen.inTime)],
      ['refreshed late, or twice', round(seen.late + seen.repeated)],
      ['time that one process worked for it', `${round(seen.workSeconds)} s`],
      ['the minutes over which it spread them', round((seen.lastSentAt - seen.firstSentAt) / 60)],
      ['requests a second, on average over these', round(seen.averagePerSecond)],
      ['requests a second, at the peak', round(seen.peakPerSecond)],
      ['requests at one moment, at the peak', round(seen.peakAtOnce)],
    ],
  )
}

/** How a refresh worker came through the minute in which all its grants expire. */
export interface Peak {
  readonly scheduleSeconds: number
  readonly bytesEach: number
  readonly inTime: number
  readonly late: number
  readonly repeated: number
  readonly workSeconds: number
  readonly firstSentAt: number
  readonly lastSentAt: number
  readonly averagePerSecond: number
  readonly peakPerSecond: number
  readonly peakAtOnce: number
}

/**
 * By a clock that goes on a second whenever nothing is under way, so that the figures are the
 * refresh worker's and not those of this machine, with a token endpoint inside the process.
 */
export async function keepThroughThePeak(grants: number): Promise<Peak> {
  const clock = virtualClock()
  const lastSignInAt = clock.nowEpochSeconds()
  const expiresAt = (index: number): number =>
    lastSignInAt + lifetimeSeconds - (index / grants) * expirySpanSeconds
  const store = await storeOf(grants, expiresAt)
  const endpoint = tokenEndpoint(clock, expiresAt)
  const worker = createRefreshWorker(store, { clock, fetch: endpoint.fetch })

  const before = heapBytes()
  const startedAt = performance.now()
  await worker.start()
  const scheduleSeconds = (performance.now() - startedAt) / 1000
  const bytesEach = (heapBytes() - before) / grants
  if (worker.stats().grants !== grants)
    throw new Error('The refresh worker did not find every grant.')

  const workedFrom = performance.now()
  for (let second = 0; second < lifetimeSeconds; second += 1) {
    clock.advanceSeconds(1)
    await worker.whenIdle()
  }
  const workSeconds = (performance.now() - workedFrom) / 1000
  await worker.stop()
  return { scheduleSeconds, bytesEach, workSeconds, ...endpoint.seen() }
}

/** Answers at once, and counts. */
function tokenEndpoint(
  clock: { nowEpochSeconds(): number },
  expiresAt: (index: number) => number,
): {
  readonly fetch: typeof globalThis.fetch
  seen(): Omit<Peak, 'scheduleSeconds' | 'bytesEach' | 'workSeconds'>
} {
  const perSecond = new Map<number, number>()
  const sentFor = new Set<string>()
  let [inTime, late, repeated, atOnce, peakAtOnce] = [0, 0, 0, 0, 0]
  return {
    async fetch(_url, init) {
      const now = clock.nowEpochSeconds()
      const body = init?.body
      const token = body instanceof URLSearchParams ? (body.get('refresh_token') ?? '') : ''
      const index = Number(token.slice(refreshTokenPrefix.length))
      if (sentFor.has(token) || !token.startsWith(refreshTokenPrefix)) repeated += 1
      else if (now < expiresAt(index)) inTime += 1
      else late += 1
      sentFor.add(token)
      perSecond.set(now, (perSecond.get(now) ?? 0) + 1)
      atOnce += 1
      peakAtOnce = Math.max(peakAtOnce, atOnce)
      // As an answer from elsewhere, it comes with a later turn of the event loop.
      await turn()
      atOnce -= 1
      return Response.json({
        access_token: `access-${sentFor.size}`,
        token_type: 'Bearer',
        expires_in: lifetimeSeconds,
        refresh_token: `rotated-${sentFor.size}`,
      })
    },
    seen() {
      const firstSentAt = Math.min(...perSecond.keys())
      const lastSentAt = Math.max(...perSecond.keys())
      return {
        inTime,
        late,
        repeated,
        peakAtOnce,
        firstSentAt,
        lastSentAt,
        averagePerSecond: (inTime + late + repeated) / (lastSentAt - firstSentAt + 1),
        peakPerSecond: Math.max(...perSecond.values()),
      }
    },
  }
}

const refreshTokenPrefix = 'refresh-token-of-user-'

/** A store with the records of one real sign-in, once for each user. */
async function storeOf(
  users: number,
  expiresAtEpochSeconds: (index: number) => number,
): Promise<RecordStore> {
  const store = memoryStore()
  const [binding, grant] = await recordsOfASignIn()
  for (let index = 0; index < users; index += 1) {
    const partition = `user-${index}`
    const { serverUrl, resource, registration, authorizationServer } = binding.value
    const { issuer } = authorizationServer
    await store.write(
      { kind: 'binding', id: recordId(['binding', partition, serverUrl]) },
      JSON.stringify({ ...binding, value: { ...binding.value, partition } }),
      0,
    )
    const expires = expiresAtEpochSeconds(index)
    const tokenSet = {
      ...grant.tokenSet,
      refreshToken: `${refreshTokenPrefix}${index}`,
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
  readonly value: {
    readonly serverUrl: string
    readonly resource: string
    readonly registration: { readonly clientId: string }
    readonly authorizationServer: { readonly issuer: string }
  }
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
