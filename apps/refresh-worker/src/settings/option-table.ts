import { defaultKeyPrefix, defaultTable, variablePrefix } from '../lib/names.ts'

/** One option: a flag, and the same as an environment variable. */
export interface OptionRow {
  /** `rate` is the flag `--rate` and the variable `EVERGRANT_WORKER_RATE`. */
  readonly name: string
  /** What the value is. Without it, the option is a switch. */
  readonly value?: string
  readonly help: string
  readonly defaultText?: string
  /** The flag can be repeated, and the variable separates values with commas. */
  readonly many?: boolean
}

/** Options of every command: which store, and its keys. */
export const storeOptions: readonly OptionRow[] = [
  {
    name: 'database-url',
    value: 'url',
    help: 'postgres://… or redis://…; a password belongs in the variable or in --database-url-file',
  },
  { name: 'database-url-file', value: 'file', help: 'file with the URL of the database' },
  {
    name: 'table',
    value: 'name',
    help: 'table of the store in PostgreSQL',
    defaultText: defaultTable,
  },
  {
    name: 'key-prefix',
    value: 'text',
    help: 'beginning of the keys in Redis',
    defaultText: defaultKeyPrefix,
  },
  {
    name: 'key-file',
    value: 'file',
    help: 'file with the key of the store: 32 bytes, raw, in hexadecimal or in base64; repeat it while you rotate the key: the first one encrypts, all open records',
    many: true,
  },
  {
    name: 'pool-size',
    value: 'count',
    help: 'connections to PostgreSQL',
    defaultText: '5',
  },
]

/** Options of `run`. */
export const runOptions: readonly OptionRow[] = [
  { name: 'create-table', help: 'create the table in PostgreSQL, or update it, before the start' },
  {
    name: 'concurrency',
    value: 'count',
    help: 'concurrent refreshes per authorization server, over all workers; the same for all',
    defaultText: '32',
  },
  {
    name: 'rate',
    value: 'count',
    help: 'refreshes per second and authorization server, over all workers; the same for all',
    defaultText: 'no limit',
  },
  {
    name: 'in-flight',
    value: 'count',
    help: 'grants that this worker works on at once',
    defaultText: '256',
  },
  {
    name: 'webhook-url',
    value: 'url',
    help: 'receives a signed message for each grant that needs the user',
  },
  {
    name: 'webhook-secret-file',
    value: 'file',
    help: 'file with the secret of the webhook, whsec_…; repeat it while you rotate the secret',
    many: true,
  },
  {
    name: 'client-file',
    value: 'file',
    help: 'JSON file with clients registered by hand, by issuer',
  },
  {
    name: 'allow-private-network',
    help: 'connect to authorization servers at private addresses, and over http; without it, only to public addresses over https',
  },
  {
    name: 'listen',
    value: 'host:port',
    help: 'address for /healthz, /readyz and /metrics, or off',
    defaultText: '127.0.0.1:9464',
  },
  { name: 'log-format', value: 'format', help: 'json or text', defaultText: 'json' },
  {
    name: 'stop-timeout',
    value: 'seconds',
    help: 'how long refreshes in progress may take after SIGTERM or SIGINT',
    defaultText: '30',
  },
]

/** The environment variable of an option. */
export function variableOf(name: string): string {
  return `${variablePrefix}${name.toUpperCase().replaceAll('-', '_')}`
}
