/** More pages than this are not requested: the server may never end. */
const mostPages = 100

/** One page of a list. */
interface Page<Entry> {
  readonly entries: readonly Entry[]
  readonly nextCursor: string | undefined
}

/** Collects the entries of all pages of a list. */
export async function collectPages<Entry>(
  list: (request: { readonly cursor: string } | undefined) => Promise<Page<Entry>>,
): Promise<readonly Entry[]> {
  const collected: Entry[] = []
  let cursor: string | undefined
  for (let page = 0; page < mostPages; page += 1) {
    const { entries, nextCursor } = await list(cursor === undefined ? undefined : { cursor })
    collected.push(...entries)
    if (nextCursor === undefined || nextCursor === cursor) break
    cursor = nextCursor
  }
  return collected
}
