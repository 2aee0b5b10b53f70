import process from 'node:process'
import { seededRandom } from '@evergrant/test-kit'

/** Draws whole numbers from `minimum` (default 0) up to, not including, `maximum`. */
export interface Random {
  integer(maximum: number): number
  integer(minimum: number, maximum: number): number
}

/** CI repeats the same schedule, so that a failure there can be repeated. */
const ciSeed = 20_261_127

/**
 * The seed of this run: `EVERGRANT_HARNESS_SEED` if set, a fixed one in CI, otherwise a new one.
 * Reports print it.
 */
export const harnessSeed: number = seedFrom(process.env)

function seedFrom(env: Readonly<Record<string, string | undefined>>): number {
  const given = env['EVERGRANT_HARNESS_SEED']
  if (given !== undefined) {
    if (/^\d{1,10}$/.test(given)) return Number(given)
    throw new Error(
      `EVERGRANT_HARNESS_SEED is ${JSON.stringify(given)} (expected a whole number of up to 10 digits). Use the seed that a report printed.`,
    )
  }
  return env['CI'] === undefined ? Math.trunc(Math.random() * 2 ** 31) : ciSeed
}

/** Draws whole numbers that the seed repeats. */
export function randomIntegers(seed: number): Random {
  const fraction = seededRandom(seed)
  return {
    integer(first: number, second?: number) {
      const [minimum, maximum] = second === undefined ? [0, first] : [first, second]
      return minimum + Math.floor(fraction() * (maximum - minimum))
    },
  }
}
