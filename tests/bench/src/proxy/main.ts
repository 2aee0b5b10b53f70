/**
 * What a proxy costs: `evergrant proxy` beside mcp-remote, with a stored sign-in, in one run.
 *
 *     pnpm bench:proxy [--quick]
 *
 * The server is a process of its own. The proxies take turns. Exits with 1 if a ratio is over its limit.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { round, say, table } from '../report.ts'
import { median } from '../statistics.ts'
import type { Contestant } from './contestants.ts'
import { mcpRemote, ourProxy, signIn } from './contestants.ts'
import { directCalls } from './direct.ts'
import { startHost } from './host.ts'
import type { Memory } from './memory.ts'
import { memoryOf } from './memory.ts'
import { startProtectedMcp } from './server-process.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const rounds = values.quick ? 2 : 5
const calls = 2000
const idleMilliseconds = 2000
const limit = 0.5

interface Sample {
  readonly startMilliseconds: number
  readonly callMilliseconds: number
  readonly idle: Memory
  readonly used: Memory
}

async function measure({ args, env }: Contestant): Promise<Sample> {
  const startedAt = performance.now()
  const host = startHost(args, env)
  await host.initialize()
  await succeed(host.call())
  const startMilliseconds = performance.now() - startedAt
  const processId = host.process.pid ?? 0
  await sleep(idleMilliseconds)
  const idle = await memoryOf(processId)
  const durations: number[] = []
  for (let call = 0; call < calls; call += 1) {
    const sentAt = performance.now()
    await succeed(host.call())
    durations.push(performance.now() - sentAt)
  }
  const used = await memoryOf(processId)
  await host.end()
  return { startMilliseconds, callMilliseconds: median(durations), idle, used }
}

async function succeed(calling: Promise<string | undefined>): Promise<void> {
  const error = await calling
  if (error !== undefined) throw new Error(error)
}

const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-bench-'))
await using mcp = await startProtectedMcp({ accessTokenLifetimeSeconds: 86_400 })
const contestants = [await ourProxy(mcp.url, folder), await mcpRemote(mcp.url, folder)] as const
await signIn(contestants[0], mcp.url)
const samples = contestants.map((): Sample[] => [])
const direct: number[] = []
for (let number = 0; number < rounds; number += 1) {
  direct.push(await directCalls(mcp.url, calls))
  for (const [index, contestant] of contestants.entries()) {
    process.stderr.write(`round ${number + 1} of ${rounds}: ${contestant.name}\n`)
    samples[index]?.push(await measure(contestant))
  }
}
await rm(folder, { recursive: true, force: true })

const directMilliseconds = median(direct)
const figures: readonly (readonly [string, string, (sample: Sample) => number | undefined])[] = [
  ['start to first call', 'ms', (one) => one.startMilliseconds],
  ['added p50 of a call', 'ms', (one) => one.callMilliseconds - directMilliseconds],
  ['memory, idle', 'MB', (one) => one.idle.resident],
  [`memory, after ${calls} calls`, 'MB', (one) => one.used.resident],
  ['memory of its own, idle', 'MB', (one) => one.idle.own],
  [`memory of its own, after ${calls} calls`, 'MB', (one) => one.used.own],
]
const missed: string[] = []
const rows = figures.flatMap(([name, unit, read]) => {
  const [ours, theirs] = samples.map((one) =>
    median(one.map((sample) => read(sample) ?? Number.NaN)),
  )
  if (ours === undefined || theirs === undefined || Number.isNaN(ours)) return []
  const ratio = ours / theirs
  if (ratio > limit) missed.push(`${name}: ${ratio.toFixed(2)} of mcp-remote (limit ${limit})`)
  return [[name, `${round(ours)} ${unit}`, `${round(theirs)} ${unit}`, ratio.toFixed(2)]]
})
table('Proxy, with a stored sign-in', ['', ...contestants.map(({ name }) => name), 'ratio'], rows)
say(`\nWithout a proxy, a call takes ${round(directMilliseconds)} ms. ${rounds} rounds, medians.`)
for (const line of missed) say(`\nMissed: ${line}`)
if (missed.length > 0) process.exitCode = 1
