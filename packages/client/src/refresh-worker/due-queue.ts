import TinyQueue from 'tinyqueue'

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

/** Makes an empty queue. The time of an item must not change while it is in the queue. */
export function dueQueue<Item extends DueItem>(): DueQueue<Item> {
  const earliestFirst = (a: Item, b: Item): number => a.dueAtEpochSeconds - b.dueAtEpochSeconds
  let heap = new TinyQueue<Item>([], earliestFirst)
  return {
    get size() {
      return heap.length
    },
    peek: () => heap.peek(),
    add: (item) => heap.push(item),
    take: () => heap.pop(),
    clear() {
      heap = new TinyQueue<Item>([], earliestFirst)
    },
  }
}
