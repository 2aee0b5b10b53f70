import { randomBytes } from 'node:crypto'
import diagnostics from 'node:diagnostics_channel'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { createCanaries } from '@evergrant/test-kit'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { grantId } from '../../src/grant/grant.ts'
import { grantRepository } from '../../src/grant/grant-repository.ts'
import type { RecordStore, Session, SessionOptions } from '../../src/index.ts'
import { diagnosticsChannelName, EvergrantClientError, findSignIn } from '../../src/index.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { openTelemetryObserver } from '../../src/opentelemetry.ts'
import { fileStore } from '../../src/stores/file.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

/** Every fault of a token endpoint. Each is followed by a success. */
const faults = [
  { kind: 'status', status: 503, body: 'no' },
  { kind: 'html' },
  { kind: 'reset' },
  { kind: 'empty-400' },
  { kind: 'oauth-error', error: 'invalid_target', description: 'no such resource' },
  { kind: 'oauth-error', error: 'invalid_client' },
  { kind: 'merge', fields: { token_type: 'mac' } },
  { kind: 'merge', fields: { access_token: 42 } },
  { kind: 'redirect', location: 'https://elsewhere.test/token' },
] as const

/** Watches all secrets that the servers have received or created so far. */
function watchSecrets(canaries: ReturnType<typeof createCanaries>, it: Scene): void {
  for (const { form, headers } of [...it.as.requests, ...it.server.requests]) {
    for (const name of ['code', 'code_verifier', 'refresh_token', 'token']) {
      const value = form[name]
      if (value !== undefined) canaries.watch(name, value)
    }
    const proof = headers['dpop']
    if (typeof proof === 'string') canaries.watch('DPoP proof', proof)
  }
  for (const { headers } of it.server.requests) {
    const token = headers.authorization?.split(' ')[1]
    if (token !== undefined) canaries.watch('access token', token)
  }
  for (const { id } of it.as.grants()) {
    for (const token of it.as.liveRefreshTokens(id)) canaries.watch('refresh token', token)
  }
}

/** The private key that the tokens of a session are bound to: `d` of its JWK. */
async function privateKeyOf(session: Session, store: RecordStore, it: Scene): Promise<string> {
  const { identity } = await session.status()
  if (identity === undefined) throw new Error('no sign-in is stored')
  const options = { store, clock: it.clock, timing: {} }
  const stored = await grantRepository(identity, await grantId(identity), options).read()
  const d = stored?.grant.dpopKey?.['d']
  if (typeof d !== 'string') throw new Error('the tokens are not bound to a key')
  return d
}

/** An observer that exports to memory, and its exports as text. */
function telemetry() {
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  })
  const spanExporter = new InMemorySpanExporter()
  return {
    observe: openTelemetryObserver({
      meter: new MeterProvider({ readers: [reader] }).getMeter('test'),
      tracer: new BasicTracerProvider({
        spanProcessors: [new SimpleSpanProcessor(spanExporter)],
      }).getTracer('test'),
    }),
    exported: async () => {
      await reader.forceFlush()
      return {
        spans: spanExporter.getFinishedSpans().map((span) => inspect(span, { depth: 20 })),
        metrics: metricExporter.getMetrics().map((metric) => inspect(metric, { depth: 20 })),
      }
    },
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => readFile(path.join(entry.parentPath, entry.name), 'latin1')),
  )
}

/** What every part of the test uses. */
interface Witness {
  readonly it: Scene
  readonly canaries: ReturnType<typeof createCanaries>
  readonly store: RecordStore
  readonly observe: ReturnType<typeof openTelemetryObserver>
  readonly hear: (message: unknown) => void
  /** Hears the result of the work, or its error. */
  readonly attempt: (work: () => Promise<unknown>) => Promise<void>
  readonly session: (options?: Partial<SessionOptions>) => Session
}

async function meetEveryFault({ it, canaries, attempt, session }: Witness): Promise<void> {
  for (const fault of faults) {
    const current = session()
    await attempt(() => current.signIn({ force: true }))
    await attempt(async () => (await authorizedFetch(current)(it.server.resource)).status)
    it.clock.advanceSeconds(1000)
    it.as.faults.token.push(fault)
    await attempt(async () => (await authorizedFetch(current)(it.server.resource)).status)
    it.clock.advanceSeconds(100)
    it.as.faults.token.push(fault)
    await attempt(() => current.signIn({ force: true }))
    await attempt(() => current.status())
  }
  const clientSecret = canaries.secret('client secret')
  const preRegistered = { [it.as.issuer]: { clientId: 'client-1', clientSecret } }
  const confidential = session({ client: { name: 'confidential', preRegistered } })
  it.as.faults.token.push({ kind: 'oauth-error', error: 'invalid_client' })
  await attempt(() => confidential.signIn({ force: true }))
  await attempt(() => session().signIn({ force: true }))
}

async function useBoundTokens({ it, canaries, store, attempt, session }: Witness): Promise<void> {
  const boundAnswer = { kind: 'merge', fields: { token_type: 'DPoP' } } as const
  const bound = session({ partition: 'bound', preferences: { dpop: 'when-advertised' } })
  it.as.faults.token.push(boundAnswer)
  await attempt(() => bound.signIn())
  const d = await privateKeyOf(bound, store, it)
  canaries.watch('DPoP private key', d)
  canaries.watch('DPoP private key', Buffer.from(d, 'base64url'))
  await attempt(async () => (await authorizedFetch(bound)(it.server.resource)).status)
  for (const fault of [faults[0], faults[4], boundAnswer]) {
    it.clock.advanceSeconds(1000)
    it.as.faults.token.push(fault)
    await attempt(async () => (await authorizedFetch(bound)(it.server.resource)).status)
  }
  await attempt(() => bound.status())
}

/** Each response is passed to the wrong session first, and then twice to the right one. */
async function signInByRedirect(witness: Witness): Promise<void> {
  const { it, canaries, store, hear, attempt, session } = witness
  const redirect = { kind: 'redirect', redirectUri: 'https://app.test/callback' } as const
  const web = session({ partition: 'web', signIn: redirect })
  const otherUser = session({ partition: 'other-user', signIn: redirect })
  for (const answered of ['by another issuer', 'and then 503', 'correctly']) {
    const required: unknown = await web.signIn().catch((error: unknown) => error)
    if (!EvergrantClientError.is(required)) throw new Error('the sign-in needs no user')
    hear(required)
    const answer = await fetch(required.authorizationUrl ?? '', { redirect: 'manual' })
    const callbackUrl = answer.headers.get('location') ?? ''
    canaries.watch('code', new URL(callbackUrl).searchParams.get('code') ?? '')
    const received = new URL(callbackUrl)
    if (answered === 'by another issuer') received.searchParams.set('iss', 'https://evil.test')
    if (answered === 'and then 503') it.as.faults.token.push(faults[0])
    await attempt(() => findSignIn(store, callbackUrl))
    await attempt(() => otherUser.completeSignIn(callbackUrl))
    await attempt(() => web.completeSignIn(received.href))
    await attempt(() => web.completeSignIn(received.href))
  }
  expect((await web.status()).state).toBe('active')
}

/** The worker meets a server that fails, and then a store that fails. */
async function runRefreshWorkers({ it, store, observe, hear, attempt }: Witness): Promise<void> {
  for (const scannedStore of [store, { ...store, read: () => Promise.reject(new Error('EIO')) }]) {
    const worker = createRefreshWorker(scannedStore, { clock: it.clock, observe })
    await attempt(() => worker.start())
    it.as.faults.token.push(faults[0], faults[1], faults[4])
    for (let round = 0; round < 5; round += 1) {
      it.clock.advanceSeconds(300)
      await attempt(() => worker.whenIdle())
    }
    it.as.faults.token.length = 0
    hear(worker.stats())
    await worker.stop()
  }
}

test(
  'secrets: no error, event, span, metric, log, file or URL contains a token, code, verifier or key',
  { tags: ['C-06'] },
  async () => {
    await using it = await scene()
    const canaries = createCanaries()
    const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-canaries-'))
    const storeKey = randomBytes(32)
    canaries.watch('store key', storeKey)
    const store = await fileStore(folder, { key: storeKey, clock: it.clock })
    it.as.overrideMetadata({ dpop_signing_alg_values_supported: ['ES256'] })
    const { observe: measure, exported } = telemetry()
    const heard: string[] = []
    const hear = (message: unknown): void => {
      heard.push(inspect(message, { depth: 20 }))
    }
    diagnostics.subscribe(diagnosticsChannelName, hear)
    const observe = (event: Parameters<typeof measure>[0]): void => {
      hear(event)
      measure(event)
    }

    function session(more: Partial<SessionOptions> = {}): Session {
      return it.session({ store, observe, refresh: { maximumWaitSeconds: 0 }, ...more })
    }
    async function attempt(work: () => Promise<unknown>): Promise<void> {
      try {
        hear(await work())
      } catch (error) {
        hear(error)
        heard.push(
          String(error),
          JSON.stringify(error),
          error instanceof Error ? (error.stack ?? '') : '',
        )
      }
    }

    const witness: Witness = { it, canaries, store, observe, hear, attempt, session }
    await meetEveryFault(witness)
    await useBoundTokens(witness)
    await signInByRedirect(witness)
    await runRefreshWorkers(witness)

    it.as.faults.revoke.push({ kind: 'reset' })
    await attempt(() => session().signOut())

    diagnostics.unsubscribe(diagnosticsChannelName, hear)
    watchSecrets(canaries, it)
    const forms = it.as.requests.map(({ form }) => inspect(form))
    expect(() => canaries.expectNoCanary(forms)).toThrow('contains the secret')
    const proofs = it.as.requests.flatMap(({ headers }) => headers['dpop'] ?? [])
    expect(proofs.length).toBeGreaterThan(3)
    expect(() => canaries.expectNoCanary(proofs)).toThrow('contains the secret')
    const { spans, metrics } = await exported()
    expect(spans.length).toBeGreaterThan(10)
    expect(metrics.join()).toContain('evergrant.client.refresh.duration')
    const urls = [...it.as.requests, ...it.server.requests].map(
      ({ path: requested, query }) => `${requested} ${inspect(query)}`,
    )
    const files = await filesBelow(folder)
    await rm(folder, { recursive: true, force: true })
    expect(heard.length).toBeGreaterThan(50)
    for (const expected of [
      'refresh-worker-paused',
      'TOKEN_STORE_UNAVAILABLE',
      'refresh-succeeded',
      'signed-out',
    ]) {
      expect(heard.join()).toContain(expected)
    }
    expect(files.length).toBeGreaterThan(3)
    canaries.expectNoCanary([...heard, ...spans, ...metrics, ...urls, ...files])
  },
)
