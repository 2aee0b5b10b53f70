/** The names that operators see. */

export const commandName = 'evergrant-worker'

/** `EVERGRANT_WORKER_RATE` is the option `--rate`. */
export const variablePrefix = 'EVERGRANT_WORKER_'

/** The table of the store in PostgreSQL, unless an option names another one. */
export const defaultTable = 'evergrant_records'

/** The beginning of the keys in Redis, unless an option names another one. */
export const defaultKeyPrefix = 'evergrant:'
