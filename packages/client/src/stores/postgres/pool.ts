/** A parameter of a query. Numbers are sent as text. */
export type PostgresValue = string | null | readonly (string | null)[]

/** A query for `pg`. After `query_timeout` milliseconds, it rejects. */
export interface PostgresQuery {
  readonly text: string
  readonly values: PostgresValue[]
  readonly query_timeout: number
}

/** The part of a query result that the store uses. */
export interface PostgresResult {
  readonly rows: Record<string, unknown>[]
}

/** The part of a `PoolClient` of `pg` that the store uses. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresResult>
  on(event: 'error' | 'end', listener: () => void): unknown
  removeListener(event: 'error' | 'end', listener: () => void): unknown
  /** With `true` the connection is closed instead of returned. */
  release(destroy?: boolean): void
}

/** The part of a `Pool` of `pg` that the store uses. */
export interface PostgresPool {
  readonly options: { readonly max?: number | undefined }
  query(query: PostgresQuery): Promise<PostgresResult>
  connect(): Promise<PostgresClient>
}
