/** How calls are combined. */
export interface CombineOptions<Item> {
  /** The largest number of items in one statement. */
  readonly maximumItems: number
  /** How many statements may run at once. */
  readonly maximumStatements: number
  /** A call that is still not sent after this time rejects with the error of `overdue`. */
  readonly maximumWaitMilliseconds: number
  readonly overdue: () => Error
  /** What an item is about. */
  readonly keyOf: (item: Item) => string
  /**
   * Two calls about the same key. `share`: one item answers both. `separate`: they never go into the
   * same statement.
   */
  readonly sameKey: 'share' | 'separate'
  /** Whether the items of a failed statement are repeated, each in a statement of its own. */
  readonly repeatAlone?: (error: unknown) => boolean
}

interface Call<Item, Result> {
  readonly item: Item
  readonly since: number
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Combines concurrent calls into statements with many rows, so that they share round trips and
 * commits. Calls of one turn of the event loop go together, and so do calls that arrive while the
 * largest number of statements is running. A call never joins a statement that was already sent, so
 * a read sees every write that was confirmed before the call.
 *
 * @param run - Runs one statement. Resolves with one result for each item, in the same order.
 */
export function combined<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  options: CombineOptions<Item>,
): (item: Item) => Promise<Result> {
  const { maximumItems, maximumStatements, keyOf, sameKey } = options
  const waiting = new Map<string, Call<Item, Result>[]>()
  let running = 0
  let scheduled = false

  function schedule(): void {
    if (scheduled || running >= maximumStatements || waiting.size === 0) return
    scheduled = true
    setImmediate(start)
  }

  function start(): void {
    scheduled = false
    const groups = take()
    if (groups.length > 0) {
      running += 1
      void execute(groups).finally(() => {
        running -= 1
        schedule()
      })
    }
    schedule()
  }

  /** The next statement: for each item, the calls that it answers. */
  function take(): Call<Item, Result>[][] {
    const groups: Call<Item, Result>[][] = []
    const latest = performance.now() - options.maximumWaitMilliseconds
    for (const [key, calls] of waiting) {
      if (groups.length === maximumItems) break
      for (const call of calls.filter(({ since }) => since < latest)) call.reject(options.overdue())
      const [first, ...others] = calls.filter(({ since }) => since >= latest)
      if (first !== undefined) groups.push(sameKey === 'share' ? [first, ...others] : [first])
      if (sameKey === 'share' || others.length === 0) waiting.delete(key)
      else waiting.set(key, others)
    }
    return groups
  }

  function isOverdue([first]: readonly Call<Item, Result>[]): boolean {
    return first !== undefined && performance.now() - first.since > options.maximumWaitMilliseconds
  }

  async function execute(groups: readonly Call<Item, Result>[][]): Promise<void> {
    const items = groups.flatMap(([first]) => (first === undefined ? [] : [first.item]))
    try {
      const results = await run(items)
      for (const [index, result] of results.entries()) {
        for (const call of groups[index] ?? []) call.resolve(result)
      }
    } catch (error) {
      if (groups.length > 1 && options.repeatAlone?.(error) === true) {
        for (const group of groups) {
          // Later calls wait for this statement, so the repetition ends in time too.
          if (isOverdue(group)) for (const call of group) call.reject(error)
          else await execute([group])
        }
        return
      }
      for (const call of groups.flat()) call.reject(error)
    }
  }

  return (item) =>
    new Promise<Result>((resolve, reject) => {
      const key = keyOf(item)
      const call = { item, since: performance.now(), resolve, reject }
      const calls = waiting.get(key)
      if (calls === undefined) waiting.set(key, [call])
      else calls.push(call)
      schedule()
    })
}
