import { EvergrantClientError } from '../../lib/errors.ts'

/** Runs a script of the store on the server of its keys. Rejects with an error of the store. */
export type Command = (
  script: string,
  keys: readonly string[],
  values: readonly string[],
) => Promise<unknown>

/** A reply that is not a list of strings must not count as "no record". */
export function texts(reply: unknown): string[] {
  if (Array.isArray(reply) && reply.every((item) => typeof item === 'string')) return reply
  throw new EvergrantClientError(
    'TOKEN_STORE_UNAVAILABLE',
    'A Redis reply cannot be read: it is not a list of strings. Use a client with the default type mapping.',
  )
}

/** A page of a cursor: the next cursor, `0` after the last page, and the items. */
export function pageOf(reply: unknown): { readonly next: string; readonly items: string[] } {
  const [next, items]: unknown[] = Array.isArray(reply) ? reply : []
  return { next: String(next), items: texts(items) }
}
