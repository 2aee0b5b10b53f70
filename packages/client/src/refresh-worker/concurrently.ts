/**
 * Runs work for every item, so many at a time. Takes no further items once `signal` aborts or some
 * work has failed, and rejects with the first failure when all that was begun is done.
 */
export async function concurrently<Item>(
  items: AsyncIterable<Item>,
  limit: number,
  signal: AbortSignal,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]()
  let turn: Promise<unknown> = Promise.resolve()

  // A store's listing is asked for one item after the other.
  function next(): Promise<IteratorResult<Item>> {
    const result = turn.then(() => iterator.next())
    turn = result.catch(() => undefined)
    return result
  }

  const failure = new AbortController()
  const stopped = AbortSignal.any([signal, failure.signal])
  async function worker(): Promise<void> {
    try {
      while (!stopped.aborted) {
        const { done, value } = await next()
        if (done === true) return
        await work(value)
      }
    } catch (error) {
      failure.abort()
      throw error
    }
  }
  const results = await Promise.allSettled(Array.from({ length: limit }, worker))
  if (stopped.aborted) await iterator.return?.()
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
