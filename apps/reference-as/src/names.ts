/** The names that operators see: the command, its variables, its tables and its metrics. */

export const commandName = 'evergrant-as'

/** Accounts are added by another process, which could not reach a database in memory. */
export const defaultDatabasePath: string = `${commandName}.sqlite`

/** The section of `NODE_DEBUG` that prints stacks. */
export const debugName = 'evergrant'

/** `EVERGRANT_AS_PORT` is the setting `port`. */
export const variablePrefix = 'EVERGRANT_AS_'

/** A metric is named `evergrant.as.refreshes`. */
export const metricPrefix = 'evergrant.as.'

export const tablePrefix = 'evergrant_as_'

/** The tables in PostgreSQL. */
export const tables: Readonly<
  Record<'accounts' | 'artifacts' | 'layout' | 'rateLimits' | 'refreshTokens' | 'secrets', string>
> = {
  accounts: `${tablePrefix}accounts`,
  artifacts: `${tablePrefix}artifacts`,
  layout: `${tablePrefix}layout`,
  rateLimits: `${tablePrefix}rate_limits`,
  refreshTokens: `${tablePrefix}refresh_tokens`,
  secrets: `${tablePrefix}secrets`,
}
