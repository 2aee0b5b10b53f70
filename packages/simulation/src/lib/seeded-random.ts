/**
 * Draws numbers from 0 up to, not including, 1, which a seed repeats (Mulberry32).
 *
 * @param seed - Any number. Only its lower 32 bits count.
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Draws the time until the next of events that are independent of each other. */
export function drawGap(random: () => number, meanSeconds: number): number {
  return -Math.log(1 - random()) * meanSeconds
}
