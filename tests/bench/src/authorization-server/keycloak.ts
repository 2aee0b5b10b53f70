import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '@evergrant/test-kit'

/** A running Keycloak with one sign-in for each chain. Disposing ends it. */
export interface Keycloak extends AsyncDisposable {
  readonly tokenEndpoint: URL
  readonly clientId: string
  readonly refreshTokens: readonly string[]
  /** Stops all of its work, such as compilation in the background, or continues it. */
  readonly pause: (isPaused: boolean) => void
}

/** The first start of a folder compiles the server for its settings. */
const startTimeoutMilliseconds = 180_000
const password = randomBytes(16).toString('hex')
const clientId = 'bench'

/**
 * Starts Keycloak in development mode on loopback, with its database in memory, ES256 and rotation on
 * (`revokeRefreshToken`, without reuse).
 *
 * @param folder - Of an unpacked Keycloak 26.
 */
export async function startKeycloak(folder: string, chains: number): Promise<Keycloak> {
  const port = await freePort()
  const child = spawn(
    path.join(folder, 'bin', 'kc.sh'),
    ['start-dev', '--http-host=127.0.0.1', `--http-port=${port}`, '--db=dev-mem'],
    {
      stdio: 'ignore',
      // The script starts Java, and both must end.
      detached: true,
      env: {
        ...process.env,
        JAVA_OPTS_KC_HEAP: '-Xms256m -Xmx768m',
        KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
        KC_BOOTSTRAP_ADMIN_PASSWORD: password,
      },
    },
  )
  try {
    const base = `http://127.0.0.1:${port}`
    await untilReady(child, `${base}/realms/master`)
    const tokens = `${base}/realms/bench/protocol/openid-connect/token`
    await createRealm(base)
    const refreshTokens: string[] = []
    for (const _ of Array.from({ length: chains })) {
      refreshTokens.push((await signIn(tokens, clientId, 'user')).refreshToken)
    }
    return {
      tokenEndpoint: new URL(tokens),
      clientId,
      refreshTokens,
      pause: (isPaused) => signal(child, isPaused ? 'SIGSTOP' : 'SIGCONT'),
      [Symbol.asyncDispose]: async () => await stop(child),
    }
  } catch (error) {
    await stop(child)
    throw error
  }
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  const giveUpAt = performance.now() + startTimeoutMilliseconds
  while (performance.now() < giveUpAt) {
    if (child.exitCode !== null) throw new Error(`Keycloak exited with code ${child.exitCode}`)
    const response = await fetch(url).catch(() => undefined)
    if (response?.status === 200) return
    await delay(500)
  }
  throw new Error(`Keycloak did not answer at ${url}`)
}

async function createRealm(base: string): Promise<void> {
  const admin = await signIn(
    `${base}/realms/master/protocol/openid-connect/token`,
    'admin-cli',
    'admin',
  )
  const response = await fetch(`${base}/admin/realms`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${admin.accessToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      realm: 'bench',
      enabled: true,
      sslRequired: 'none',
      defaultSignatureAlgorithm: 'ES256',
      accessTokenLifespan: 300,
      revokeRefreshToken: true,
      refreshTokenMaxReuse: 0,
      clients: [
        { clientId, publicClient: true, directAccessGrantsEnabled: true, redirectUris: ['*'] },
      ],
      users: [
        {
          username: 'user',
          email: 'user@bench.test',
          firstName: 'Bench',
          lastName: 'User',
          emailVerified: true,
          enabled: true,
          credentials: [{ type: 'password', value: password, temporary: false }],
        },
      ],
    }),
  })
  if (response.status !== 201) throw new Error(`Keycloak created no realm: ${response.status}`)
}

async function signIn(tokenEndpoint: string, client: string, username: string) {
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: client, username, password }),
  })
  const answer = (await response.json()) as Readonly<Record<string, string | undefined>>
  const { access_token: accessToken, refresh_token: refreshToken } = answer
  if (accessToken === undefined || refreshToken === undefined) {
    throw new Error(`Keycloak issued no tokens: ${answer['error'] ?? response.status}`)
  }
  return { accessToken, refreshToken }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  signal(child, 'SIGCONT')
  signal(child, 'SIGTERM')
  await ended
}

/** Signals the process group of the script, which nothing else belongs to. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid !== undefined) process.kill(-child.pid, name)
}
