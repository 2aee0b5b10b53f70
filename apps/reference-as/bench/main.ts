/**
 * Refresh grants a second, with tokens that rotate: the reference server on SQLite, on Postgres
 * where EVERGRANT_TEST_POSTGRES_URL names one, oidc-provider as it comes, in memory, and
 * better-auth's OAuth provider on SQLite in memory. Postgres is also put further away, so that an
 * instance waits more than it works: there a second one shows what it adds, whatever the cores.
 *
 *     pnpm --filter @evergrant/reference-as bench
 *     node scripts/test-services.ts -- pnpm --filter @evergrant/reference-as bench
 *
 * Every server is a process of its own; this one makes the load. The servers take turns, in short
 * rounds, so that whatever else the machine does falls on all of them.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { databases } from '../test/databases.ts'
import { signInLasting } from '../test/support.ts'
import { distantDatabase } from './distant-database.ts'

const chainCount = 16
const rounds = 5
const roundMilliseconds = 3000
const warmUpMilliseconds = 2000
const distanceMilliseconds = 5
const nameWidth = 56

/** One sign-in, and the newest refresh token of it. */
interface Chain {
  readonly clientId: string
  refreshToken: string
}

interface Contestant {
  readonly name: string
  /** One for each instance; requests take them in turn. */
  readonly tokenEndpoints: readonly URL[]
  /** Parameters of a refresh request that this server wants besides the usual ones. */
  readonly parameters: Readonly<Record<string, string>>
  readonly chains: readonly Chain[]
  readonly latenciesMilliseconds: number[]
  /** Refresh grants a second, round by round. */
  readonly rates: number[]
}

const children: ChildProcess[] = []
const opened: AsyncDisposable[] = []
const agent = new Agent({ keepAlive: true, maxSockets: chainCount })

try {
  const contestants = [await bareProvider(), await betterAuth()]
  for (const kind of databases) {
    const { name, available } = kind
    if (!available) {
      process.stderr.write(`${name}: left out, EVERGRANT_TEST_POSTGRES_URL is not set.\n`)
      continue
    }
    for (const instances of name === 'Postgres' ? [1, 2] : [1]) {
      const database = await kind.open()
      opened.push(database)
      const suffix = instances === 1 ? '' : `, ${instances} instances`
      contestants.push(await referenceServer(`${name}${suffix}`, database.location, instances))
      if (name !== 'Postgres') continue
      const far = await distantDatabase(database.location, distanceMilliseconds)
      opened.push(far)
      const title = `${name} ${distanceMilliseconds} ms away${suffix}`
      contestants.push(await referenceServer(title, far.location, instances))
    }
  }
  for (const contestant of contestants) await load(contestant, warmUpMilliseconds)
  for (const contestant of contestants) contestant.latenciesMilliseconds.length = 0
  for (const round of Array.from({ length: rounds }, (_, index) => index)) {
    // Another one goes first each time.
    for (const index of contestants.keys()) {
      const contestant = contestants[(index + round) % contestants.length]
      if (contestant === undefined) continue
      contestant.rates.push(await load(contestant, roundMilliseconds))
    }
  }
  process.stdout.write(report(contestants))
} finally {
  agent.destroy()
  await Promise.all(children.map(stop))
  for (const database of opened.toReversed()) await database[Symbol.asyncDispose]()
}

async function bareProvider(): Promise<Contestant> {
  const ready = await start(import.meta.resolve('./bare-provider.ts'), [String(chainCount)])
  const { issuer, clientId, refreshTokens } = ready as {
    issuer: string
    clientId: string
    refreshTokens: readonly string[]
  }
  const chains = refreshTokens.map((refreshToken) => ({ clientId, refreshToken }))
  return entered('oidc-provider in memory', [new URL('/token', issuer)], chains)
}

async function betterAuth(): Promise<Contestant> {
  const ready = await start(import.meta.resolve('./better-auth-provider.ts'), [String(chainCount)])
  const { issuer, clientId, resource, refreshTokens } = ready as {
    issuer: string
    clientId: string
    resource: string
    refreshTokens: readonly string[]
  }
  const chains = refreshTokens.map((refreshToken) => ({ clientId, refreshToken }))
  const endpoint = new URL('/oauth2/token', issuer)
  // Without it the access token is opaque.
  return entered('better-auth on SQLite in memory', [endpoint], chains, { resource })
}

async function referenceServer(
  database: string,
  location: string,
  instances: number,
): Promise<Contestant> {
  const issuers: string[] = []
  for (const _ of Array.from({ length: instances })) {
    const ready = await start(import.meta.resolve('../src/main.ts'), [
      'serve',
      '--demo',
      '--json',
      '--port',
      '0',
      '--db',
      location,
      // The chains rotate as fast as they can, where a client waits for an expiry.
      '--overlap',
      '0',
    ])
    issuers.push((ready as { issuer: string }).issuer)
  }
  const [issuer = ''] = issuers
  const chains: Chain[] = []
  for (const _ of Array.from({ length: chainCount })) {
    const { client, refreshToken } = await signInLasting({ issuer })
    chains.push({ clientId: client.client_id, refreshToken })
  }
  const tokenEndpoints = issuers.map((one) => new URL('/token', one))
  return entered(`reference server on ${database}`, tokenEndpoints, chains)
}

function entered(
  name: string,
  tokenEndpoints: readonly URL[],
  chains: readonly Chain[],
  parameters: Readonly<Record<string, string>> = {},
): Contestant {
  return { name, tokenEndpoints, parameters, chains, latenciesMilliseconds: [], rates: [] }
}

/** Starts a server; what it says when it is ready. */
async function start(program: string, programArguments: readonly string[]): Promise<unknown> {
  const child = spawn(
    process.execPath,
    ['--conditions=evergrant:source', fileURLToPath(program), ...programArguments],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, NODE_ENV: 'production' } },
  )
  children.push(child)
  const line: unknown = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([first]: unknown[]) => first),
    once(child, 'exit').then(() => {
      throw new Error(`${program} ended before it was ready`)
    }),
  ])
  return JSON.parse(String(line))
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}

/** Lets every chain refresh one after the other for a while; grants a second of all together. */
async function load(
  { tokenEndpoints, parameters, chains, latenciesMilliseconds }: Contestant,
  milliseconds: number,
): Promise<number> {
  const begin = performance.now()
  let grants = 0
  await Promise.all(
    chains.map(async (chain, index) => {
      for (let turn = index; performance.now() - begin < milliseconds; turn += 1) {
        const sent = performance.now()
        const endpoint = tokenEndpoints[turn % tokenEndpoints.length]
        if (endpoint === undefined) throw new Error('expected a token endpoint')
        chain.refreshToken = await refresh(endpoint, chain, parameters)
        latenciesMilliseconds.push(performance.now() - sent)
        grants += 1
      }
    }),
  )
  return (grants * 1000) / (performance.now() - begin)
}

async function refresh(
  endpoint: URL,
  { clientId, refreshToken }: Chain,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: refreshToken,
    ...parameters,
  }).toString()
  const sent = request(endpoint, {
    method: 'POST',
    agent,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
    },
  })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const answer = JSON.parse(await text(response)) as { refresh_token?: string; error?: string }
  if (answer.refresh_token === undefined || answer.refresh_token === refreshToken) {
    throw new Error(`expected a rotated refresh token, got ${answer.error ?? 'the same one'}`)
  }
  return answer.refresh_token
}

function report(contestants: readonly Contestant[]): string {
  const [bare] = contestants
  const base = bare === undefined ? 0 : median(bare.rates)
  const lines = contestants.map(({ name, rates, latenciesMilliseconds }) => {
    const sorted = latenciesMilliseconds.toSorted((a, b) => a - b)
    return [
      name.padEnd(nameWidth),
      median(rates).toFixed(0).padStart(8),
      quantile(sorted, 0.5).toFixed(1).padStart(8),
      quantile(sorted, 0.99).toFixed(1).padStart(8),
      (median(rates) / base).toFixed(2).padStart(8),
    ].join('')
  })
  const [cpu] = cpus()
  return [
    `${chainCount} chains of rotating tokens, ${rounds} rounds of ${roundMilliseconds / 1000} s, median round; ` +
      `Node.js ${process.versions.node}, ${cpus().length} × ${cpu?.model ?? 'unknown processor'}`,
    '',
    `${''.padEnd(nameWidth)}${'grants/s'.padStart(8)}${'p50 ms'.padStart(8)}${'p99 ms'.padStart(8)}${'ratio'.padStart(8)}`,
    ...lines,
    '',
  ].join('\n')
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}
