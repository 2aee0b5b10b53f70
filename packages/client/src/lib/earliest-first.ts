/** Items by their time. Adding one and removing the earliest take logarithmic time. */
export interface EarliestFirst<Item> {
  readonly size: () => number
  add(item: Item): void
  /** The item with the earliest time. It stays. */
  earliest(): Item | undefined
  removeEarliest(): void
}

/**
 * Makes a binary heap: an array in which no item is earlier than its parent, which is at half its index.
 *
 * @param timeOf - The time of an item, which must not change. Minus infinity is the earliest.
 */
export function earliestFirst<Item>(
  items: readonly Item[],
  timeOf: (item: Item) => number,
): EarliestFirst<Item> {
  const heap: Item[] = []

  function timeAt(index: number): number {
    const item = heap[index]
    return item === undefined ? Number.POSITIVE_INFINITY : timeOf(item)
  }

  function swap(one: number, other: number): void {
    const [first, second] = [heap[one], heap[other]]
    if (first === undefined || second === undefined) return
    heap[one] = second
    heap[other] = first
  }

  function add(item: Item): void {
    let index = heap.push(item) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (timeAt(parent) <= timeAt(index)) return
      swap(parent, index)
      index = parent
    }
  }

  for (const item of items) add(item)

  return {
    size: () => heap.length,
    add,
    earliest: () => heap[0],
    removeEarliest() {
      const last = heap.pop()
      if (last === undefined || heap.length === 0) return
      heap[0] = last
      let index = 0
      for (;;) {
        const left = 2 * index + 1
        const child = timeAt(left + 1) < timeAt(left) ? left + 1 : left
        if (child >= heap.length || timeAt(index) <= timeAt(child)) return
        swap(index, child)
        index = child
      }
    },
  }
}
