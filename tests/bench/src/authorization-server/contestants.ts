import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startKeycloak } from './keycloak.ts'
import { signIn } from './sign-in.ts'

/** One sign-in with its newest refresh token. */
export interface Chain {
  readonly clientId: string
  refreshToken: string
}

/** A server that is measured. */
export interface Contestant {
  readonly name: string
  /** One for each instance. Requests use them in turn. */
  readonly tokenEndpoints: readonly URL[]
  /** Additional parameters of a refresh request that this server requires. */
  readonly parameters: Readonly<Record<string, string>>
  readonly chains: readonly Chain[]
  /** How long it runs before it is measured. Java compiles while it runs. */
  readonly warmUpMilliseconds: number
  /** Stops the work that a server does between its rounds, or continues it. */
  readonly pause?: ((isPaused: boolean) => void) | undefined
  readonly latenciesMilliseconds: number[]
  /** Refresh grants per second, round by round. */
  readonly rates: number[]
}

/** What the servers of other projects print when they are ready. */
interface ReadyServer {
  readonly issuer: string
  readonly clientId: string
  readonly resource: string
  readonly refreshTokens: readonly string[]
}

/** Starts each contestant as separate processes. */
export interface Contestants extends AsyncDisposable {
  bareProvider(): Promise<Contestant>
  betterAuth(): Promise<Contestant>
  /** @param folder - Of an unpacked Keycloak 26. */
  keycloak(folder: string): Promise<Contestant>
  /** The reference server on a database, with a number of instances. */
  referenceServer(database: string, location: string, instances: number): Promise<Contestant>
}

/** How the contestants are started. */
export interface ContestantOptions {
  /** How many sign-ins each contestant gets. */
  readonly chainCount: number
  readonly warmUpMilliseconds: number
}

export function createContestants(options: ContestantOptions): Contestants {
  const { chainCount, warmUpMilliseconds } = options
  const children: ChildProcess[] = []
  const others = new AsyncDisposableStack()
  const contestant = (
    name: string,
    tokenEndpoints: readonly URL[],
    chains: readonly Chain[],
    parameters: Readonly<Record<string, string>> = {},
  ): Contestant => ({
    name,
    tokenEndpoints,
    parameters,
    chains,
    warmUpMilliseconds,
    latenciesMilliseconds: [],
    rates: [],
  })
  const startHere = async (program: string) =>
    (await start(children, [
      fileURLToPath(import.meta.resolve(program)),
      `${chainCount}`,
    ])) as ReadyServer

  return {
    async bareProvider() {
      const { issuer, clientId, refreshTokens } = await startHere('./bare-provider.ts')
      const chains = refreshTokens.map((refreshToken) => ({ clientId, refreshToken }))
      return contestant('oidc-provider in memory', [new URL('/token', issuer)], chains)
    },
    async betterAuth() {
      const ready = await startHere('./better-auth-provider.ts')
      const { issuer, clientId, resource, refreshTokens } = ready
      const chains = refreshTokens.map((refreshToken) => ({ clientId, refreshToken }))
      const endpoint = new URL('/oauth2/token', issuer)
      // Without `resource`, the access token is opaque.
      return contestant('better-auth on SQLite in memory', [endpoint], chains, { resource })
    },
    async keycloak(folder) {
      const keycloak = others.use(await startKeycloak(folder, chainCount))
      const { clientId, refreshTokens, tokenEndpoint, pause } = keycloak
      const chains = refreshTokens.map((refreshToken) => ({ clientId, refreshToken }))
      const name = 'Keycloak 26, development mode'
      pause(true)
      const more = { warmUpMilliseconds: 10 * warmUpMilliseconds, pause }
      return { ...contestant(name, [tokenEndpoint], chains), ...more }
    },
    async referenceServer(database, location, instances) {
      const issuers: string[] = []
      for (const _ of Array.from({ length: instances })) {
        const settings = ['--demo', '--json', '--port', '0', '--db', location]
        // The chains rotate without pauses, whereas a client waits for an expiry.
        const ready = await start(children, [programPath(), 'serve', ...settings, '--overlap', '0'])
        issuers.push((ready as ReadyServer).issuer)
      }
      const [issuer = ''] = issuers
      const chains: Chain[] = []
      for (const _ of Array.from({ length: chainCount })) chains.push(await signIn(issuer))
      const tokenEndpoints = issuers.map((one) => new URL('/token', one))
      return contestant(`reference server on ${database}`, tokenEndpoints, chains)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...children.map(stop), others.disposeAsync()])
    },
  }
}

/** The published program of the reference server. */
function programPath(): string {
  const manifest = import.meta.resolve('@evergrant/reference-as/package.json')
  const { bin } = JSON.parse(readFileSync(new URL(manifest), 'utf8')) as {
    bin: Record<string, string>
  }
  return fileURLToPath(new URL(bin['evergrant-as'] ?? '', manifest))
}

/** Starts a server. Resolves to the line of JSON it prints when it is ready. */
async function start(children: ChildProcess[], command: readonly string[]): Promise<unknown> {
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  children.push(child)
  const line: unknown = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([first]: unknown[]) => first),
    once(child, 'exit').then(() => {
      throw new Error(`${command[0]} exited before it was ready`)
    }),
  ])
  return JSON.parse(String(line))
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}
