import { createRefreshWorker } from '@evergrant/client/refresh-worker'
import type { RefreshWorker, RefreshWorkerOptions } from '@evergrant/client/refresh-worker'
import { openTelemetryObserver, refreshWorkerGauges } from '@evergrant/client/opentelemetry'
import type { RecordStore } from '@evergrant/client'
import type { CliEnvironment, ExitCode } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { WorkerError } from '../lib/errors.ts'
import { version } from '../lib/version.ts'
import { workerHealth } from '../operations/health.ts'
import { createMetrics } from '../operations/metrics.ts'
import type { ProcessMetrics } from '../operations/metrics.ts'
import { startOperationsServer } from '../operations/operations-server.ts'
import { described, eventLog } from '../output/event-log.ts'
import { describeFailure } from '../output/failure.ts'
import { limitedLog } from '../output/limited-log.ts'
import { createLog } from '../output/log.ts'
import type { Log } from '../output/log.ts'
import { redactor } from '../output/redact.ts'
import type { GivenOptions } from '../settings/given-options.ts'
import type { RunSettings, StoreSettings } from '../settings/worker-settings.ts'
import {
  isReachableFromOutside,
  readLogFormat,
  readRunSettings,
  readStoreSettings,
} from '../settings/worker-settings.ts'
import { checkStore } from '../store/check-store.ts'
import { openStore } from '../store/open-store.ts'
import type { OpenStore } from '../store/open-store.ts'
import { watchStore } from '../store/store-activity.ts'
import { egressFetch } from './egress-fetch.ts'
import { commandName } from '../lib/names.ts'

/** Everything that `run` was configured with. */
interface Settings {
  readonly store: StoreSettings
  readonly run: RunSettings
}

/**
 * Refreshes grants until the signal aborts, and then stops in order.
 *
 * @throws WorkerError `OPTION_INVALID`, `FILE_UNUSABLE`. Later failures go to the log.
 */
export async function run(given: GivenOptions, environment: CliEnvironment): Promise<ExitCode> {
  const format = readLogFormat(given)
  const settings = { store: await readStoreSettings(given), run: await readRunSettings(given) }
  const redact = redactor([
    ...settings.store.database.secrets,
    ...(settings.run.webhook?.secrets ?? []),
  ])
  const log = createLog({ format, write: environment.stderr, redact })
  try {
    await withStore(settings, environment, log)
    log({ level: 'info', event: 'stopped' })
    return exitCodes.done
  } catch (error) {
    const { exitCode, code, message } = describeFailure(error)
    log({ level: 'error', event: 'failed', code, message, exitCode })
    return exitCode
  }
}

async function withStore(settings: Settings, environment: CliEnvironment, log: Log): Promise<void> {
  const limited = limitedLog(log)
  const opened = await openStore(settings.store, (error) => {
    limited({ level: 'warn', event: 'database-connection-failed', ...described(error) })
  })
  try {
    if (settings.run.createTable) await opened.prepare()
    await checkStore(opened.store, settings.store)
    await withWorker(settings, opened, environment, log)
  } finally {
    await opened.close()
  }
}

async function withWorker(
  settings: Settings,
  opened: OpenStore,
  { signal, env }: CliEnvironment,
  log: Log,
): Promise<void> {
  const { run: options } = settings
  const { store, activity } = watchStore(opened.store)
  const metrics = createMetrics()
  // #region worker
  const worker = createRefreshWorker(store, {
    ...workerOptions(options),
    fetch: egressFetch(options.allowPrivateNetwork, env),
    observe: observer(metrics, limitedLog(log)),
  })
  const gauges = refreshWorkerGauges(worker, metrics)
  // #endregion worker
  const health = workerHealth({
    activity,
    isRunning: () => worker.stats().running,
    isStopping: () => signal.aborted,
  })
  const { listen } = options
  const operations =
    listen === 'off' ? undefined : await startOperationsServer(listen, health, metrics)
  try {
    await worker.start()
    log({
      level: 'info',
      event: 'started',
      ...summary(settings, opened.store),
      url: operations?.url,
    })
    if (listen !== 'off' && isReachableFromOutside(listen)) {
      log({
        level: 'warn',
        event: 'metrics-reachable',
        detail:
          '--listen is not a loopback address. Metrics name the authorization servers of your users: keep other networks from reaching it.',
      })
    }
    await aborted(signal)
    log({ level: 'info', event: 'stopping', inFlight: worker.stats().inFlight })
    await stopInTime(worker, options.stopTimeoutSeconds)
  } finally {
    gauges.stop()
    await operations?.close()
    await metrics.close()
  }
}

function workerOptions(options: RunSettings): RefreshWorkerOptions {
  const { concurrency, rate, inFlight, webhook, clients } = options
  return {
    maximumConcurrentRefreshes: concurrency,
    maximumRefreshesPerSecond: rate,
    maximumInFlight: inFlight,
    onNeedsReauth: webhook?.deliver,
    client: clients && { name: commandName, preRegistered: clients },
  }
}

function observer({ meter }: ProcessMetrics, log: Log): RefreshWorkerOptions['observe'] {
  const measure = openTelemetryObserver({ meter })
  const write = eventLog(log)
  return (event) => {
    measure(event)
    write(event)
  }
}

/** The settings for the log, without secrets. */
function summary(
  { store, run: options }: Settings,
  opened: RecordStore & { readonly encryption: { readonly keyIds: readonly string[] } },
): Readonly<Record<string, string | boolean>> {
  return {
    version,
    database: store.database.shown,
    keys: opened.encryption.keyIds.join(', '),
    notices: options.webhook?.origin ?? 'off',
    privateNetwork: options.allowPrivateNetwork,
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function stopInTime(worker: RefreshWorker, seconds: number): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(
      new WorkerError(
        'NOT_STOPPED',
        `The worker did not stop within ${seconds} s: ${worker.stats().inFlight} grants were in progress (expected 0). Other workers continue with them. Set --stop-timeout to more than the longest request takes.`,
      ),
    )
  }, seconds * 1000)
  try {
    await Promise.race([worker.stop(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
