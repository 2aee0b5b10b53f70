/** An item that is due at a time. */
export interface DueItem {
  readonly dueAtEpochSeconds: number
}

/** Items in the order in which they are due. Adding and taking one has logarithmic cost. */
export interface DueQueue<Item extends DueItem> {
  readonly size: number
  peek(): Item | undefined
  add(item: Item): void
  take(): Item | undefined
  clear(): void
}

/**
 * Makes an empty queue: a binary heap in one array, which needs eight bytes for each item.
 * The time of an item must not change while it is in the queue.
 */
export function dueQueue<Item extends DueItem>(): DueQueue<Item> {
  const heap: Item[] = []

  function dueAt(index: number): number {
    return heap[index]?.dueAtEpochSeconds ?? Number.POSITIVE_INFINITY
  }

  function swap(one: number, other: number): void {
    const [a, b] = [heap[one], heap[other]]
    if (a === undefined || b === undefined) return
    heap[one] = b
    heap[other] = a
  }

  return {
    get size() {
      return heap.length
    },
    peek: () => heap[0],
    add(item) {
      let index = heap.push(item) - 1
      while (index > 0) {
        const parent = (index - 1) >> 1
        if (dueAt(parent) <= dueAt(index)) return
        swap(parent, index)
        index = parent
      }
    },
    take() {
      const first = heap[0]
      swap(0, heap.length - 1)
      heap.pop()
      for (let index = 0; ;) {
        const [left, right] = [2 * index + 1, 2 * index + 2]
        const smaller = dueAt(right) < dueAt(left) ? right : left
        if (dueAt(index) <= dueAt(smaller)) return first
        swap(index, smaller)
        index = smaller
      }
    },
    clear() {
      heap.length = 0
    },
  }
}
