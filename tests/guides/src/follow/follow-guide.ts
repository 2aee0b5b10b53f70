/** Follows one guide in an empty folder. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { placeOf } from '../pages/fences.ts'
import type { Fence } from '../pages/fences.ts'
import { root } from '../pages/read-pages.ts'
import { authorizationUrls, openPage } from './browser.ts'
import { isShown } from './compare.ts'
import type { Packages } from './packages.ts'
import type { Guide, Step } from './plan.ts'
import { authorizationServerPort, mcpServerPort, portsOf } from './ports.ts'
import type { Ports } from './ports.ts'
import { runScript } from './terminal.ts'
import type { Running } from './terminal.ts'

export interface FollowOptions {
  readonly folder: string
  readonly packages: Pick<Packages, 'pinned'>
  readonly environment: NodeJS.ProcessEnv
  readonly limitMilliseconds?: number | undefined
  /** Called after each step. */
  readonly onStep?: ((step: Step) => void) | undefined
}

/** What was done. */
export interface Followed {
  readonly commands: number
  readonly files: number
  readonly outputs: number
}

/** What a guide says, and what is. */
class GuideBroken extends Error {
  override readonly name = 'GuideBroken'
}

/** How long a program that is ready may take to print what the page shows. */
const outputLimitMilliseconds = 10_000

/** A reader, between two steps. */
interface Reader extends FollowOptions {
  readonly limitMilliseconds: number
  readonly ports: Ports
  readonly terminals: Map<string, Running>
  /** The pages that were opened in the browser. */
  readonly pages: Set<Promise<void>>
}

/**
 * Follows a guide.
 *
 * @throws GuideBroken if a command fails, or prints something else than the page shows.
 */
export async function followGuide(guide: Guide, options: FollowOptions): Promise<Followed> {
  const ports = await portsOf(guide)
  const home = path.join(options.folder, 'home')
  const work = path.join(options.folder, 'work')
  for (const folder of [home, work]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const reader: Reader = {
    ...options,
    limitMilliseconds: options.limitMilliseconds ?? 120_000,
    folder: work,
    environment: {
      ...options.environment,
      HOME: home,
      EVERGRANT_AS_PORT: ports.of(authorizationServerPort),
    },
    ports,
    terminals: new Map(),
    pages: new Set(),
  }
  try {
    if (guide.needs.has('servers')) await startServers(reader)
    for (const step of guide.steps) {
      await follow(step, reader)
      options.onStep?.(step)
    }
  } finally {
    await Promise.all([...reader.terminals.values()].map((terminal) => terminal.stop()))
  }
  rmSync(options.folder, { recursive: true, force: true })
  const runs = guide.steps.filter((step) => step.kind === 'run')
  return {
    commands: runs.length,
    files: guide.steps.length - runs.length,
    outputs: runs.reduce((sum, { outputs }) => sum + outputs.length, 0),
  }
}

async function follow(step: Step, reader: Reader): Promise<void> {
  if (step.kind === 'write') {
    const file = path.resolve(reader.folder, step.file)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, reader.ports.used(step.text))
    return
  }
  const { fence, outputs } = step
  const { terminal, times = '1' } = fence.attributes
  if (terminal !== undefined) {
    await runInTerminal(terminal, fence, outputs, reader)
    return
  }
  const runs = Array.from({ length: Number(times) }, () => start(fence, reader))
  for (const run of runs) {
    const code = await run.ended
    const expected = Number(fence.attributes['exit'] ?? 0)
    if (code !== expected) {
      throw broken(fence, `ended with ${String(code)} (expected ${expected})`, run, reader)
    }
  }
  checkOutputs(fence, outputs, runs, reader)
  // The reader goes on when the browser says that the sign-in is complete.
  await Promise.all(reader.pages)
}

/** Each output must be that of one run, and all runs have one. */
function checkOutputs(
  fence: Fence,
  outputs: readonly Fence[],
  runs: readonly Running[],
  reader: Reader,
): void {
  if (runs.length === 1 && outputs.length > 1) {
    throw new GuideBroken(`${placeOf(fence)}: has more than one output.`)
  }
  if (areOfDifferentRuns(outputs, runs, reader)) return
  const shown = outputs.find((one) => !runs.some((run) => isPrinted(one, run, reader)))
  throw broken(
    shown ?? outputs[0] ?? fence,
    'shows another output than the command has',
    runs.at(-1),
    reader,
  )
}

function areOfDifferentRuns(
  [shown, ...others]: readonly Fence[],
  runs: readonly Running[],
  reader: Reader,
): boolean {
  if (shown === undefined) return true
  return runs.some((run) => {
    if (!isPrinted(shown, run, reader)) return false
    const left = runs.filter((one) => one !== run)
    return areOfDifferentRuns(others, left, reader)
  })
}

async function runInTerminal(
  name: string,
  fence: Fence,
  outputs: readonly Fence[],
  reader: Reader,
): Promise<void> {
  await reader.terminals.get(name)?.stop()
  const run = start(fence, reader, 600_000)
  reader.terminals.set(name, run)
  const { ready } = fence.attributes
  if (ready === undefined) throw new GuideBroken(`${placeOf(fence)}: has no ready="…".`)
  if (!(await run.until((output) => reader.ports.shown(output).includes(ready)))) {
    throw broken(fence, `ended before it printed ${JSON.stringify(ready)}`, run, reader)
  }
  for (const shown of outputs) {
    // A program may print more after the text that says that it is ready.
    if (!(await run.until(() => isPrinted(shown, run, reader, true), outputLimitMilliseconds))) {
      throw broken(shown, 'shows another output than the command has', run, reader)
    }
  }
}

function isPrinted(shown: Fence, run: Running, reader: Reader, isUnfinished = false): boolean {
  const numbersVary = shown.attributes['numbers'] === 'vary'
  const anyOrder = shown.attributes['order'] === 'any'
  return isShown(shown.code, printed(run, reader), { numbersVary, anyOrder, isUnfinished })
}

function printed(run: Running, { ports, environment }: Reader): string {
  return ports.shown(run.output()).replaceAll(environment['HOME'] ?? '', '/home/you')
}

function start(fence: Fence, reader: Reader, limitMilliseconds?: number): Running {
  const state = path.join(reader.folder, '../shell-state')
  const { folder, terminal, times } = fence.attributes
  const script = reader.packages.pinned(reader.ports.used(fence.code))
  const opened = new Set<string>()
  return runScript(
    [
      `if [ -f ${state} ]; then . ${state}; fi`,
      folder === 'repository' ? `cd '${root}'` : '',
      script,
      // The next command runs in the same folder with the same variables.
      terminal === undefined && times === undefined
        ? `{ export -p; printf 'cd %q\\n' "$PWD"; } > ${state}`
        : '',
    ].join('\n'),
    {
      folder: reader.folder,
      environment: reader.environment,
      limitMilliseconds: limitMilliseconds ?? reader.limitMilliseconds,
      onOutput(output) {
        for (const url of authorizationUrls(output)) {
          if (opened.has(url)) continue
          opened.add(url)
          // The program says what is wrong if the page does not lead back to it.
          reader.pages.add(openPage(url).catch(() => undefined))
        }
      },
    },
  )
}

/** Starts the servers that the tutorial starts. */
async function startServers(reader: Reader): Promise<void> {
  const issuer = `http://127.0.0.1:${reader.ports.of(authorizationServerPort)}`
  const servers = [
    ['authorization server', `reference-as/dist/main.js serve --demo`, 'listening on'],
    [
      'MCP server',
      `reference-mcp-server/dist/main.js serve --authorization-server ${issuer} --port ${reader.ports.of(mcpServerPort)}`,
      'Stop with Ctrl+C',
    ],
  ] as const
  await Promise.all(
    servers.map(async ([name, command, ready]) => {
      const run = runScript(`node '${root}'/apps/${command}`, {
        folder: reader.folder,
        environment: reader.environment,
        limitMilliseconds: 600_000,
      })
      reader.terminals.set(name, run)
      if (!(await run.until((output) => output.includes(ready)))) {
        throw new GuideBroken(`The ${name} did not start:\n${run.output()}`)
      }
    }),
  )
}

function broken(fence: Fence, what: string, run: Running | undefined, reader: Reader): GuideBroken {
  const output = run === undefined ? '' : printed(run, reader)
  const shown = fence.language === 'sh' ? fence.code : `shown:\n${fence.code}`
  return new GuideBroken(`${placeOf(fence)}: ${what}.\n${shown}\nprinted:\n${output}`)
}
