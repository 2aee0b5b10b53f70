/**
 * Calls `work` for each item, for at most `limit` of them at once. The first error ends it: no
 * further item is taken.
 *
 * @returns The results, in the order of the items.
 */
export async function mapAtMost<Item, Result>(
  limit: number,
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  // The lanes share one generator, which gives each item to one of them. An error in a lane closes it.
  const shared = numbered(items)
  async function lane(): Promise<void> {
    for await (const [index, item] of shared) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: limit }, lane))
  return results
}

async function* numbered<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
): AsyncGenerator<readonly [index: number, item: Item], void> {
  let index = 0
  for await (const item of items) {
    yield [index, item]
    index += 1
  }
}
