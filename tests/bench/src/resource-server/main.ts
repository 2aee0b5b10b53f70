/**
 * What the verification of access tokens costs on Express 5: the same server without it, with
 * `requireAccess`, and with other libraries.
 *
 *     pnpm bench:resource-server [--quick] [--guards none,evergrant] [--algorithms ES256]
 *
 * Every server is a separate process, and this one makes the load. The servers take turns in short
 * slices, so that other work on the machine affects all of them, and every slice is compared with the
 * slice of the unprotected server in the same round. Exits with 1 if a required figure is missed.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { say } from '../report.ts'
import { guards, isGuardName } from './guards.ts'
import type { Algorithm } from './issuer.ts'
import { measureGrowth, printGrowth } from './linear-time.ts'
import { measure } from './measure.ts'
import type { Plan } from './measure.ts'
import { assignProcessors } from './processors.ts'
import { measureTokenMemory, printTokenMemory } from './remembered-tokens.ts'
import { printMachine, printResults, resultsOf } from './report.ts'
import { missedFigures, missedGrowth, missedMemory } from './required-figures.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    guards: { type: 'string', default: Object.keys(guards).join(',') },
    algorithms: { type: 'string', default: 'ES256,RS256' },
  },
})
const algorithms = values.algorithms
  .split(',')
  .filter((name): name is Algorithm => name === 'ES256' || name === 'RS256')
const guardNames = values.guards.split(',').filter(isGuardName)
const plan: Plan = values.quick
  ? {
      algorithms,
      guards: guardNames,
      blocks: 1,
      roundsPerBlock: 3,
      sliceMilliseconds: 300,
      warmUpMilliseconds: 500,
    }
  : {
      algorithms,
      guards: guardNames,
      blocks: 3,
      roundsPerBlock: 5,
      sliceMilliseconds: 400,
      warmUpMilliseconds: 1000,
    }

const processors = assignProcessors()
printMachine(processors.description)
const samples = await measure(plan, processors, (line) => process.stderr.write(`${line}\n`))
const results = resultsOf(samples)
printResults(results)
const memory = await measureTokenMemory(values.quick ? 10_000 : 100_000)
printTokenMemory(memory)
const growths = await measureGrowth()
printGrowth(growths)
const missed = [...missedFigures(results), ...missedMemory(memory), ...missedGrowth(growths)]
for (const line of missed) say(`\nMissed: ${line}`)
if (missed.length > 0) process.exitCode = 1
