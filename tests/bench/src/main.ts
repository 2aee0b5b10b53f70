/** `pnpm bench`: one table for each question, with ratios of one run on one machine. */
import { benchFetchOverhead } from './fetch-overhead.ts'
import { benchGoodToken } from './good-token.ts'
import { benchOneExpiry } from './one-expiry.ts'
import { say } from './report.ts'

const startedAt = performance.now()
await benchGoodToken()
await benchFetchOverhead()
await benchOneExpiry()
say(`\n${((performance.now() - startedAt) / 1000).toFixed(0)} s in total.`)
