import process from 'node:process'
import { configureGlobal } from 'fast-check'

// Tests draw the same cases in every run, so that a failure can be repeated. `pnpm fuzz` sets both
// variables to draw other cases, and more of them.
const defaultSeed = 20_261_127
const seed = process.env['EVERGRANT_FUZZ_SEED']
const runs = process.env['EVERGRANT_FUZZ_RUNS']

configureGlobal({
  seed: seed === undefined ? defaultSeed : Number(seed),
  ...(runs === undefined ? {} : { numRuns: Number(runs) }),
})
