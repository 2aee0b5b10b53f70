import { isLoopbackHost } from '@evergrant/core/network'
import type { DatabaseUrl } from './database-url.ts'
import { readDatabaseUrl } from './database-url.ts'
import type { RegisteredClients } from './client-file.ts'
import { readClients } from './client-file.ts'
import type { GivenOptions } from './given-options.ts'
import {
  choiceOf,
  invalidOption,
  positiveNumberOf,
  switchOf,
  textOf,
  wholeNumberOf,
} from './given-options.ts'
import { readKeys } from './key-files.ts'
import type { WebhookSettings } from './webhook-settings.ts'
import { readWebhook } from './webhook-settings.ts'

/** Which store, with which keys. */
export interface StoreSettings {
  readonly database: DatabaseUrl
  /** The newest first. */
  readonly keys: readonly [Buffer, ...Buffer[]]
  readonly table: string | undefined
  readonly keyPrefix: string | undefined
  readonly poolSize: number
}

/** Where health and metrics are served. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** What `run` does. */
export interface RunSettings {
  readonly createTable: boolean
  readonly concurrency: number | undefined
  readonly rate: number | undefined
  readonly inFlight: number | undefined
  readonly webhook: WebhookSettings | undefined
  readonly clients: RegisteredClients | undefined
  readonly allowPrivateNetwork: boolean
  readonly listen: ListenAddress | 'off'
  readonly stopTimeoutSeconds: number
}

export type LogFormat = 'json' | 'text'

/** Two connections: one for locks, one for records. */
const smallestPool = 2

/** @throws WorkerError `OPTION_INVALID`, `FILE_UNUSABLE` */
export async function readStoreSettings(given: GivenOptions): Promise<StoreSettings> {
  const poolSize = wholeNumberOf(given, 'pool-size', { minimum: smallestPool, maximum: 1000 })
  return {
    database: await readDatabaseUrl(given),
    keys: await readKeys(given),
    table: textOf(given, 'table'),
    keyPrefix: textOf(given, 'key-prefix'),
    poolSize: poolSize ?? 5,
  }
}

/** @throws WorkerError `OPTION_INVALID`, `FILE_UNUSABLE` */
export async function readRunSettings(given: GivenOptions): Promise<RunSettings> {
  const many = { minimum: 1, maximum: 100_000 }
  return {
    createTable: switchOf(given, 'create-table'),
    concurrency: wholeNumberOf(given, 'concurrency', many),
    rate: positiveNumberOf(given, 'rate'),
    inFlight: wholeNumberOf(given, 'in-flight', many),
    webhook: await readWebhook(given),
    clients: await readClients(given),
    allowPrivateNetwork: switchOf(given, 'allow-private-network'),
    listen: readListen(given),
    stopTimeoutSeconds: wholeNumberOf(given, 'stop-timeout', { minimum: 0, maximum: 86_400 }) ?? 30,
  }
}

/** @throws WorkerError `OPTION_INVALID` */
export function readLogFormat(given: GivenOptions): LogFormat {
  return choiceOf(given, 'log-format', ['json', 'text'] as const) ?? 'json'
}

function readListen(given: GivenOptions): RunSettings['listen'] {
  const option = given('listen')
  if (option === undefined) return { host: '127.0.0.1', port: 9464 }
  const [text = ''] = option.values
  if (text === 'off') return 'off'
  const [, host = '', port = ''] = /^(\[[\da-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(text) ?? []
  if (host === '' || Number(port) > 65_535) {
    throw invalidOption(option, 'host:port, such as 127.0.0.1:9464, or off')
  }
  return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port) }
}

/** Whether other machines can connect. */
export function isReachableFromOutside({ host }: ListenAddress): boolean {
  return !isLoopbackHost(host)
}
