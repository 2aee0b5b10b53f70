import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { assertClients, buildEngine } from './engine.ts'
import { requesterOf } from './http/addresses.ts'
import { closeServer, listen } from './http/listen.ts'
import { createRateLimits } from './http/rate-limits.ts'
import { createRequestHandler } from './http/request-handler.ts'
import { loadSecrets } from './keys/secrets.ts'
import { watchSigningKeys } from './keys/signing-key-watch.ts'
import { signingKeysAt } from './keys/signing-keys.ts'
import { nowEpochSeconds } from './lib/clock.ts'
import { configurationWarnings } from './settings/configuration-warnings.ts'
import type { AuthorizationServerOptions } from './settings/options.ts'
import { resolveSettings } from './settings/resolve-settings.ts'
import type { ServerSettings } from './settings/server-settings.ts'
import { openStore } from './store/open.ts'
import type { Store } from './store/store.ts'
import { startSweeping } from './store/sweep.ts'
import { clippedMessage, withoutThrowing } from './telemetry/log.ts'
import { createMetrics, globalMeter } from './telemetry/metrics.ts'
import { createStats, toAll } from './telemetry/stats.ts'
import type { AuthorizationServerStats } from './telemetry/stats.ts'

/** A running authorization server. */
export interface RunningAuthorizationServer {
  /** The issuer identifier. */
  readonly issuer: string
  /** Where it listens. */
  readonly url: string
  readonly settings: ServerSettings
  /** Whether metrics go to OpenTelemetry. */
  readonly hasMetrics: boolean
  stats(): AuthorizationServerStats
  /** Stops accepting requests, lets running ones finish, and closes the store. */
  close(): Promise<void>
}

/**
 * Starts the authorization server.
 *
 * @example
 * ```ts
 * const server = await startAuthorizationServer({ demo: true, accessTokenLifetimeSeconds: 2 })
 * ```
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

/** Starts the authorization server with resolved settings. */
export async function startWithSettings(
  settings: ServerSettings,
  given: ServerDependencies,
): Promise<RunningAuthorizationServer> {
  const log = withoutThrowing(given.log ?? (() => {}))
  for (const detail of configurationWarnings(settings)) {
    log({ level: 'warn', event: 'settings.warning', detail })
  }
  const store = await openStore(settings.databasePath)
  const server = createServer()
  try {
    return await serve(server, store, settings, { ...given, log })
  } catch (error) {
    server.close()
    await store.close()
    throw error
  }
}

async function serve(
  server: Server,
  store: Store,
  settings: ServerSettings,
  given: ServerDependencies & Required<Pick<ServerDependencies, 'log'>>,
): Promise<RunningAuthorizationServer> {
  const { log = () => {} } = given
  const secrets = await loadSecrets(store.secrets)
  const meter = given.meter ?? (await globalMeter())
  // The issuer may contain the port, so the server listens before the engine is built.
  const url = await listen(server, settings)
  // A connection that cannot be accepted, for example for lack of file descriptors. Without a
  // listener, it would end the process and all other connections.
  server.on('error', (error) => {
    log({ level: 'error', event: 'server.error', detail: clippedMessage(error) })
  })
  const issuer = settings.issuer ?? url
  const stats = createStats()
  const limits = createRateLimits(store, {
    // On loopback, all requests have one address, so limits would only block the demo.
    enabled: !settings.demo,
    trustedProxies: settings.trustedProxies,
    observeFailure: (error) =>
      log({ level: 'error', event: 'rate_limits.not_counted', detail: clippedMessage(error) }),
  })
  const requesters = new AsyncLocalStorage<string>()
  const dependencies = {
    issuer,
    settings,
    store,
    secrets,
    events: toAll(meter === undefined ? [stats] : [stats, createMetrics(meter)]),
    log,
    limits,
    requester: () => requesters.getStore(),
    given,
  }
  const signingKeys = signingKeysAt(secrets.signingKeys, nowEpochSeconds())
  let engine = buildEngine(dependencies, signingKeys)
  await assertClients(engine.provider, settings)
  const keys = watchSigningKeys(store.secrets, signingKeys, {
    everySeconds: settings.signingKeyCheckSeconds,
    log,
    // Running requests stay with the previous engine. All state that matters is in the store.
    useKeys(changed) {
      engine = buildEngine(dependencies, changed)
    },
  })
  const answer = createRequestHandler({
    issuer: new URL(issuer),
    store,
    limits,
    log,
    routes: () => engine.routes,
  })
  server.on('request', (request, response) => {
    requesters.run(requesterOf(request, settings.trustedProxies), () => {
      // Not even the error page could be sent.
      answer(request, response).catch(() => response.destroy())
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
}
