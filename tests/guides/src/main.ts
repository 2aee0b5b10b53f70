/**
 * `pnpm follow-guides`: follows the tutorial and each guide word for word, in an empty folder: writes
 * the files, runs the commands, and compares what they print with what the page shows.
 *
 *     pnpm follow-guides [--keep] [--require] [page …]
 *
 * A page that has programs and no command is loaded instead. A page with tabs is followed once for each tab. Commands that are not run are listed, with the reason.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { installImports, isOnlyLoaded, loadPrograms } from './follow/load-programs.ts'
import { packPackages, quiet } from './follow/packages.ts'
import type { Packages } from './follow/packages.ts'
import { guidesOf } from './follow/plan.ts'
import type { Guide } from './follow/plan.ts'
import { followGuide } from './follow/follow-guide.ts'
import { runScript } from './follow/terminal.ts'
import { readPages } from './pages/read-pages.ts'

const pages = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const keep = process.argv.includes('--keep')
const isRequired = process.argv.includes('--require')
/** Two at a time: most of a guide is waiting for a program to start. */
const readers = 2

const work = mkdtempSync(path.join(tmpdir(), 'evergrant-guides-'))
const startedAt = performance.now()
const all = readPages('docs/tutorial.md', 'docs/guides/*.md')
  .filter(({ path: page }) => pages.length === 0 || pages.some((part) => page.includes(part)))
  .flatMap(guidesOf)
const withoutCommands = all.filter(isOnlyLoaded)
const guides = all.filter(
  (guide) => !isOnlyLoaded(guide) && guide.steps.some(({ kind }) => kind === 'run'),
)
const failures: string[] = []
let leftOut = 0
// Ends what the guides have started, too (terminal.ts).
process.once('SIGINT', () => interrupted(130))
process.once('SIGTERM', () => interrupted(143))
try {
  const environment = readerEnvironment()
  const packages = await packPackages(path.join(work, 'packed'))
  await installPrograms(packages, environment)
  await loadPages(packages, environment)
  const first = guides.filter(({ page }) => page === 'docs/tutorial.md')
  const queue = guides.filter(({ page }) => page !== 'docs/tutorial.md')
  // Its first command is the demo, which counts what happens within seconds. So nothing else runs.
  const demo = Promise.withResolvers<void>()
  const tutorial = Promise.all(
    first.map(async (guide) => {
      await follow(guide, packages, environment, () => demo.resolve())
    }),
  )
  await Promise.race([demo.promise, tutorial])
  await Promise.all([
    tutorial,
    ...Array.from({ length: readers }, async () => {
      for (let guide = queue.shift(); guide !== undefined; guide = queue.shift()) {
        await follow(guide, packages, environment)
      }
    }),
  ])
} finally {
  removeFolders()
}

const notRun = new Map(
  all.flatMap((guide) => guide.notRun).map(({ place, because }) => [place, because]),
)
say(`\nNot run, as the pages say:`)
for (const [place, because] of notRun) say(`  ${place}  ${because}`)
for (const failure of failures) say(`\n${failure}`)
const totalSeconds = ((performance.now() - startedAt) / 1000).toFixed(0)
say(
  `\n${guides.length + withoutCommands.length - failures.length - leftOut} followed (${withoutCommands.length} of them without commands), ${failures.length} failed, ${leftOut} not followed, in ${totalSeconds} s`,
)
if (failures.length > 0 || guides.length + withoutCommands.length === 0) process.exitCode = 1
if (leftOut > 0 && isRequired) process.exitCode = 1

async function follow(
  guide: Guide,
  packages: Packages,
  environment: NodeJS.ProcessEnv,
  onStep?: () => void,
): Promise<void> {
  const name = [guide.page, ...guide.tabs].join(', ')
  const database = databaseOf(guide, environment)
  if (database === 'missing') {
    leftOut += 1
    say(`- ${name}: not followed, because its database is not installed (scripts/test-services.ts)`)
    return
  }
  const begin = performance.now()
  try {
    const { commands, files, outputs } = await followGuide(guide, {
      folder: mkdtempSync(path.join(work, 'guide-')),
      packages,
      environment: { ...environment, ...database },
      onStep,
    })
    const seconds = ((performance.now() - begin) / 1000).toFixed(1)
    say(`✓ ${name}: ${commands} commands, ${files} files, ${outputs} outputs, ${seconds} s`)
  } catch (error) {
    say(`✗ ${name}`)
    failures.push(error instanceof Error ? error.message : String(error))
  }
}

/** The pages whose programs are parts of a program of the reader. */
async function loadPages(packages: Packages, environment: NodeJS.ProcessEnv): Promise<void> {
  if (withoutCommands.length === 0) return
  const folder = path.join(work, 'loaded')
  await installImports(withoutCommands, packages, { folder, environment })
  for (const [index, guide] of withoutCommands.entries()) {
    const name = [guide.page, ...guide.tabs].join(', ')
    try {
      const options = { folder: path.join(folder, `page-${index}`), environment }
      say(`✓ ${name}: ${await loadPrograms(guide, options)} files loaded`)
    } catch (error) {
      say(`✗ ${name}`)
      failures.push(error instanceof Error ? error.message : String(error))
    }
  }
}

function databaseOf(
  { needs }: Guide,
  environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv | 'missing' {
  const found: NodeJS.ProcessEnv = {}
  for (const [need, variable, source] of [
    ['postgres', 'DATABASE_URL', 'EVERGRANT_TEST_POSTGRES_URL'],
    ['redis', 'REDIS_URL', 'EVERGRANT_TEST_REDIS_URL'],
  ] as const) {
    if (!needs.has(need)) continue
    if (environment[source] === undefined) return 'missing'
    found[variable] = environment[source]
  }
  return found
}

/** The environment of a new user: no settings of the one who runs this. */
function readerEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:XDG_|DBUS_|EVERGRANT_(?!TEST_)|DISPLAY$|WAYLAND_DISPLAY$|SSH_|NODE_OPTIONS$|INIT_CWD$)/.test(
        name,
      ) && !/^npm_(?:lifecycle|package|command|config_prefix)/.test(name),
  )
  return {
    ...Object.fromEntries(own),
    npm_config_cache: process.env['npm_config_cache'] ?? path.join(tmpdir(), 'evergrant-npm-cache'),
    npm_config_update_notifier: 'false',
    PATH: [
      pnpmFolder(),
      path.join(work, 'programs/node_modules/.bin'),
      path.dirname(process.execPath),
      process.env['PATH'],
    ].join(path.delimiter),
  }
}

/** A folder with `pnpm`, because this script may have been started without it on the path. */
function pnpmFolder(): string {
  const folder = path.join(work, 'bin')
  const program = process.env['npm_execpath'] ?? ''
  mkdirSync(folder)
  const call = /pnpm\.[cm]?js$/.test(program) ? `node '${program}'` : 'npx -y pnpm@12.21.0'
  const file = path.join(folder, 'pnpm')
  writeFileSync(file, `#!/bin/sh\nexec ${call} "$@"\n`)
  chmodSync(file, 0o755)
  process.env['PATH'] = [folder, process.env['PATH']].join(path.delimiter)
  return folder
}

/** Installs the programs that `npx` runs. */
async function installPrograms(packages: Packages, environment: NodeJS.ProcessEnv): Promise<void> {
  const names = packages.argumentsFor(['evergrant', 'evergrant-worker'])
  const folder = path.join(work, 'programs')
  mkdirSync(folder)
  const install = runScript(`npm install ${[...quiet, ...names].join(' ')}`, {
    folder,
    environment,
    limitMilliseconds: 300_000,
  })
  if ((await install.ended) !== 0) {
    throw new Error(`The programs could not be installed:\n${install.output()}`)
  }
}

function removeFolders(): void {
  if (keep) say(`The folders are in ${work}.`)
  else rmSync(work, { recursive: true, force: true })
}

function interrupted(exitCode: number): never {
  removeFolders()
  process.exit(exitCode)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
