import process from 'node:process'

/**
 * Reports tests that cannot run on this machine. `pnpm test` collects these reports into one line.
 *
 * @param what - The tests, for example `Redis store: contract`.
 * @param need - What the tests need, for example `Redis: EVERGRANT_TEST_REDIS_URL is not set`.
 */
export function reportNotRun(what: string, need: string): void {
  process.stderr.write(`NOT RUN: ${what} (needs ${need})\n`)
}
