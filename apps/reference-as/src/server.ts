import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createGuardedFetch } from '@evergrant/authorization-server/guarded-fetch'
import { isLoopbackHost } from '@evergrant/core'
import { errors } from 'oidc-provider'
import type { JWKS, Provider } from 'oidc-provider'
import { createAccountHandler } from './pages/account-page.ts'
import { requesterOf } from './http/addresses.ts'
import { oversized } from './http/authorization-request.ts'
import { doubtsAbout } from './settings/configuration-warnings.ts'
import { ReferenceServerError } from './errors.ts'
import { sendJson, sendPageTo } from './http/responses.ts'
import { createInteractionHandler } from './pages/interactions.ts'
import { clip, clippedMessage, withoutThrowing } from './telemetry/log.ts'
import type { Log } from './telemetry/log.ts'
import { createMetrics, globalMeter } from './telemetry/metrics.ts'
import { resolveSettings } from './settings/options.ts'
import type { AuthorizationServerOptions, ServerSettings } from './settings/options.ts'
import { messagePage, refusedRequestPage } from './pages/pages.ts'
import type { Page } from './pages/layout.ts'
import { createProvider } from './provider.ts'
import { createRateLimits } from './http/rate-limit.ts'
import type { RateLimits } from './http/rate-limit.ts'
import { listedResources, loopbackResources } from './resources.ts'
import { loadSecrets } from './keys/secrets.ts'
import { watchSigningKeys } from './keys/signing-key-watch.ts'
import { signingKeysAt } from './keys/signing-keys.ts'
import { createStats, toAll } from './telemetry/stats.ts'
import type { AuthorizationServerStats } from './telemetry/stats.ts'
import { openStore } from './store/open.ts'
import type { Store } from './store/store.ts'

/** Expired rows are of use to nobody; a minute's delay keeps clear of the engine's tolerance. */
const sweepEveryMilliseconds = 60_000
const sweepDelaySeconds = 60

/** A running authorization server. */
export interface RunningAuthorizationServer {
  /** The issuer identifier. */
  readonly issuer: string
  /** Where it listens. */
  readonly url: string
  readonly settings: ServerSettings
  /** Metrics are handed to OpenTelemetry. */
  readonly hasMetrics: boolean
  stats(): AuthorizationServerStats
  /** Stops accepting, lets running requests finish, closes the store. */
  close(): Promise<void>
}

/**
 * Starts the authorization server.
 *
 * @throws {@link ReferenceServerError} `OPTION_INVALID`, `DEMO_NOT_ON_LOOPBACK`,
 *   `STORE_UNAVAILABLE`, `LISTEN_FAILED`
 */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<RunningAuthorizationServer> {
  return await startWithSettings(resolveSettings(options), options)
}

/** What the server is given besides its settings. */
export type ServerDependencies = Pick<
  AuthorizationServerOptions,
  'assessRisk' | 'fetch' | 'log' | 'meter'
>

/** Starts the authorization server with options that were resolved already. */
export async function startWithSettings(
  settings: ServerSettings,
  dependencies: ServerDependencies,
): Promise<RunningAuthorizationServer> {
  const log = withoutThrowing(dependencies.log ?? (() => {}))
  for (const detail of doubtsAbout(settings))
    log({ level: 'warn', event: 'settings.doubtful', detail })
  const store = await openStore(settings.databasePath)
  const server = createServer()
  try {
    const secrets = await loadSecrets(store.secrets)
    const meter = dependencies.meter ?? (await globalMeter())
    // The issuer may name the port, so the port comes first and the engine after it.
    const url = await listen(server, settings)
    // A connection that cannot be accepted, as for want of file descriptors: without a listener it
    // would end the process, and all the others with it.
    server.on('error', (error) => {
      log({ level: 'error', event: 'server.error', detail: clippedMessage(error) })
    })
    const issuer = settings.issuer ?? url
    const stats = createStats()
    const events = toAll(meter === undefined ? [stats] : [stats, createMetrics(meter)])
    const limits = createRateLimits({
      // Everything on loopback has one address: limits would only hold up the demo itself.
      enabled: !settings.demo,
      trustedProxies: settings.trustedProxies,
    })
    const requesters = new AsyncLocalStorage<string>()
    const build = (jwks: JWKS): Engine => {
      const { provider, binding, redirectTrust } = createProvider({
        issuer,
        settings,
        store,
        secrets,
        signingKeys: jwks,
        events,
        log,
        resources: (settings.demo ? loopbackResources : listedResources)(settings.resources),
        fetch: dependencies.fetch ?? createGuardedFetch(),
        requester: () => requesters.getStore(),
        assessRisk: dependencies.assessRisk,
      })
      // For X-Forwarded-Proto, without which the engine sets no secure cookies behind TLS that ends
      // before it; `serve` writes that header itself, whatever came.
      if (issuer.startsWith('https:')) provider.proxy = true
      const pages = {
        issuer,
        provider,
        binding,
        redirectTrust,
        settings,
        secrets,
        store,
        limits,
        log,
      }
      return {
        provider,
        interact: createInteractionHandler(pages),
        account: createAccountHandler(pages),
        answer: provider.callback(),
      }
    }
    const signingKeys = signingKeysAt(secrets.signingKeys, Math.floor(Date.now() / 1000))
    let engine = build(signingKeys)
    await assertClients(engine.provider, settings)
    // The engine takes its keys once, so keys that change need another engine. Requests that are
    // under way stay with the one they came to; all state that matters is in the store.
    const keys = watchSigningKeys(store.secrets, signingKeys, {
      everySeconds: settings.signingKeyCheckSeconds,
      log,
      onChange(changed) {
        engine = build(changed)
      },
    })
    const issuerUrl = new URL(issuer)
    server.on('request', (request, response) => {
      requesters.run(requesterOf(request, settings.trustedProxies), () => {
        serve(request, response, { issuer: issuerUrl, store, limits, log, engine }).catch(() => {
          // Not even the page about a failure could be sent.
          response.destroy()
        })
      })
    })
    const sweeping = startSweeping(store, log)
    return {
      issuer,
      url,
      settings,
      hasMetrics: meter !== undefined,
      stats: () => stats.read(),
      async close() {
        clearInterval(sweeping)
        await keys.stop()
        await closeServer(server)
        await store.close()
      },
    }
  } catch (error) {
    server.close()
    await store.close()
    throw error
  }
}

/** An engine with the pages around it. */
interface Engine {
  readonly provider: Provider
  readonly interact: RequestHandler
  readonly account: RequestHandler
  readonly answer: RequestHandler
}

/** The engine looks at the metadata of a client when it is first used; here that is too late. */
async function assertClients(provider: Provider, { clients }: ServerSettings): Promise<void> {
  for (const { client_id: clientId } of clients) {
    try {
      await provider.Client.find(clientId)
    } catch (cause) {
      if (!(cause instanceof errors.OIDCProviderError)) throw cause
      throw new ReferenceServerError(
        'OPTION_INVALID',
        `Client ${JSON.stringify(clientId.slice(0, 100))} has metadata this server cannot take: ` +
          `${cause.error_description ?? cause.error}.`,
        { cause },
      )
    }
  }
}

interface Handlers {
  readonly issuer: URL
  readonly store: Store
  readonly limits: RateLimits
  readonly log: Log
  readonly engine: Engine
}

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { issuer, store, limits, log, engine }: Handlers,
): Promise<void> {
  const target = request.url ?? '/'
  const path = target.split('?', 1)[0] ?? '/'
  try {
    if (path === '/healthz') {
      await health(response, store, log)
      return
    }
    // The engine builds URLs from the Host header. Anything but our own name would put foreign
    // URLs into cached metadata, and is also how DNS rebinding gets at a loopback server.
    if (request.headers.host !== issuer.host) {
      sendJson(response, 421, {
        error: 'invalid_request',
        error_description: `this server answers to ${issuer.host} only`,
      })
      return
    }
    if (!isCanonical(path)) {
      sendJson(response, 404, {
        error: 'invalid_request',
        error_description: 'there is nothing at this path; paths are compared letter by letter',
      })
      return
    }
    const retryAfterSeconds = limits.endpoint(request, response, path)
    if (retryAfterSeconds !== undefined) {
      log({ level: 'warn', event: 'request.limited', path: clip(path) })
      response.setHeader('retry-after', retryAfterSeconds)
      if (request.method !== 'POST') {
        sendPageTo(response, 429, busyPage(retryAfterSeconds))
        return
      }
      sendJson(response, 429, {
        error: 'temporarily_unavailable',
        error_description: 'too many requests of this kind, try again later',
      })
      return
    }
    const tooLarge = oversized(path, target.slice(path.length + 1))
    if (tooLarge !== undefined) {
      log({ level: 'warn', event: 'request.too_large', path: clip(path), detail: tooLarge.detail })
      sendPageTo(response, tooLarge.status, refusedRequestPage(tooLarge.detail))
      return
    }
    delete request.headers['x-forwarded-host']
    request.headers['x-forwarded-proto'] = issuer.protocol.slice(0, -1)
    if (path.startsWith('/interaction/')) await engine.interact(request, response)
    else if (path === '/account') await engine.account(request, response)
    else await engine.answer(request, response)
  } catch (error) {
    const detail = clippedMessage(error)
    log({ level: 'error', event: 'server_error', path: clip(path), detail })
    if (response.headersSent) {
      response.destroy()
      return
    }
    const page = messagePage(
      'Something went wrong',
      'This server could not answer. Nothing was changed; try again in a moment.',
    )
    sendPageTo(response, 500, page)
  }
}

function busyPage(retryAfterSeconds: number): Page {
  const minutes = Math.ceil(retryAfterSeconds / 60)
  return messagePage(
    'Too many sign-ins from your network',
    `Many sign-ins were started from your network address in a short time. Wait ${minutes} ` +
      `${minutes === 1 ? 'minute' : 'minutes'}, go back to the application and start again.`,
  )
}

/** Paths that end with an identifier; all others are lower case. */
const identified = /^\/(?:auth|interaction)\/[\w-]+$/

/**
 * The engine takes `/Token`, `/token/`, `/token#x` and `http://host/token` for `/token`. What looks
 * at paths before it, rate limits for one, compares them exactly, so only one spelling gets there.
 */
function isCanonical(path: string): boolean {
  return identified.test(path) || /^\/$|^(?:\/[a-z\d._~-]+)+$/.test(path)
}

async function health(response: ServerResponse, store: Store, log: Log): Promise<void> {
  try {
    await store.check()
    sendJson(response, 200, { status: 'ok' })
  } catch (error) {
    log({ level: 'error', event: 'store.unavailable', detail: clippedMessage(error) })
    sendJson(response, 503, { status: 'store unavailable' })
  }
}

async function listen(server: Server, settings: ServerSettings): Promise<string> {
  const { host, port } = settings
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error) => {
      reject(
        new ReferenceServerError(
          'LISTEN_FAILED',
          `Cannot listen on ${host} port ${port}: ${cause.message}. Choose another --port, or ` +
            '--port 0 for any free one.',
          { cause },
        ),
      )
    }
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('expected a TCP address')
  const name = isLoopbackHost(host) && !host.includes(':') ? host : address.address
  return `http://${name.includes(':') ? `[${name}]` : name}:${address.port}`
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    // Requests get a few seconds to finish; a connection that hangs must not hold the exit.
    setTimeout(() => server.closeAllConnections(), 5000).unref()
  })
}

function startSweeping(store: Store, log: Log): NodeJS.Timeout {
  const timer = setInterval(() => {
    store.sweep(Math.floor(Date.now() / 1000) - sweepDelaySeconds).then(
      (rows) => rows > 0 && log({ level: 'info', event: 'store.swept', rows }),
      (error: unknown) =>
        log({
          level: 'error',
          event: 'store.sweep_failed',
          detail: clippedMessage(error),
        }),
    )
  }, sweepEveryMilliseconds)
  return timer.unref()
}
