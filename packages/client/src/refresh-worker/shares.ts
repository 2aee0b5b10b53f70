/** The part of a budget that one worker has. Parts end by time, because a worker can be suspended. */
export interface Share {
  readonly worker: string
  /** How many requests the worker would send at once. */
  readonly wanted: number
  /** How many places it occupies. All parts together never exceed the budget. */
  readonly granted: number
  readonly endsInSeconds: number
}

/** What a worker asks for. */
export interface ShareRequest {
  readonly worker: string
  readonly wanted: number
  /** How many of its requests are under way. They keep their places. */
  readonly running: number
  /** How long the part is valid. */
  readonly validSeconds: number
}

/**
 * The parts after one worker has asked for its own. The others keep theirs: each gives up what is
 * more than fair when it asks the next time.
 *
 * @param budget - How many requests all workers may send at once.
 */
export function nextShares(
  shares: readonly Share[],
  request: ShareRequest,
  budget: number,
): readonly Share[] {
  const others = shares.filter(
    ({ worker, endsInSeconds }) => worker !== request.worker && endsInSeconds > 0,
  )
  const mine = shares.find(({ worker }) => worker === request.worker)
  const free = Math.max(0, budget - others.reduce((sum, { granted }) => sum + granted, 0))
  const fair = fairPart([...others, request], request, budget)
  // Running requests cannot be called back. They were granted before, so the sum stays in the budget.
  const kept = Math.min(request.running, mine?.granted ?? 0, free)
  const granted = Math.max(kept, Math.min(fair, free))
  const { worker, wanted, validSeconds } = request
  return [...others, { worker, wanted, granted, endsInSeconds: validSeconds }]
}

type Wish = Pick<Share, 'worker' | 'wanted'>

/**
 * The fair part of one worker: those who want little get it, and the others divide the rest evenly.
 */
export function fairPart(
  wishes: readonly Wish[],
  mine: Pick<Wish, 'worker'>,
  budget: number,
): number {
  const ordered = wishes.toSorted(
    (one, other) => one.wanted - other.wanted || (one.worker < other.worker ? -1 : 1),
  )
  let rest = budget
  for (const [index, wish] of ordered.entries()) {
    // Rounded up, so that a remainder is not lost. The first in order gets it.
    const part = Math.min(wish.wanted, Math.ceil(rest / (ordered.length - index)))
    if (wish.worker === mine.worker) return part
    rest -= part
  }
  return 0
}
