/**
 * What the verification of access tokens costs on Express 5: the same server without it, with
 * `requireAccess`, and with other libraries.
 *
 *     pnpm bench:resource-server [--quick] [--parts cost] [--guards ours,sdk-v1] [--algorithms ES256]
 *
 * Every server is a separate process, and this one makes the load. The servers take turns in short slices, each
 * next to one on the unprotected server, so that other work on the machine affects all of them. The best tenth
 * of the slices counts. Exits with 1 if a required figure is missed.
 *
 * `--parts` selects from `cost`, `comparison`, `memory` and `headers`. `--quick --parts cost` takes half a minute.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { say } from '../report.ts'
import { guards, isGuardName } from './guards.ts'
import { measureGrowth, printGrowth } from './linear-time.ts'
import { measure } from './measure.ts'
import type { Plan, Sample } from './measure.ts'
import { assignProcessors } from './processors.ts'
import { measureTokenMemory, printTokenMemory } from './remembered-tokens.ts'
import { printMachine, printResults, resultsOf } from './report.ts'
import { missedFigures, missedGrowth, missedMemory } from './required-figures.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    guards: { type: 'string', default: Object.keys(guards).join(',') },
    algorithms: { type: 'string', default: 'ES256,RS256' },
    parts: { type: 'string', default: 'cost,comparison,memory,headers' },
  },
})
const parts = new Set(values.parts.split(','))
const measured = values.guards.split(',').filter(isGuardName)
const compared = measured.filter((name) => name !== 'none')
const sliceMilliseconds = 100
const [costRounds, comparisonRounds] = values.quick ? [20, 4] : [25, 10]
const plans: readonly Plan[] = [
  {
    name: 'cost',
    algorithm: 'ES256',
    guards: ['ours'],
    blocks: values.quick ? 1 : 4,
    roundsPerBlock: costRounds,
    sliceMilliseconds,
  },
  ...(['ES256', 'RS256'] as const).map((algorithm) => ({
    name: 'comparison' as const,
    algorithm,
    guards: compared,
    blocks: 1,
    roundsPerBlock: comparisonRounds,
    sliceMilliseconds,
  })),
]

const processors = assignProcessors()
printMachine(processors.description)
const samples: Sample[] = []
for (const plan of plans) {
  if (!parts.has(plan.name) || !values.algorithms.split(',').includes(plan.algorithm)) continue
  const progress = (line: string) => process.stderr.write(`${line}\n`)
  samples.push(...(await measure(plan, processors, progress)))
}
const results = resultsOf(samples)
printResults(results)
const missed = [...missedFigures(results)]
if (parts.has('memory')) {
  const memory = await measureTokenMemory(values.quick ? 10_000 : 100_000)
  printTokenMemory(memory)
  missed.push(...missedMemory(memory))
}
if (parts.has('headers')) {
  const growths = await measureGrowth()
  printGrowth(growths)
  missed.push(...missedGrowth(growths))
}
for (const line of missed) say(`\nMissed: ${line}`)
if (missed.length > 0) process.exitCode = 1
