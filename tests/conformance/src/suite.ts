import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { z } from 'zod'

const checkSchema = z.object({
  id: z.string(),
  status: z.enum(['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO']),
  errorMessage: z.string().optional(),
})

/** One check of the suite, as its `checks.json` tells it. */
export type Check = z.infer<typeof checkSchema>

/** What a scenario came to. */
export interface ScenarioResult {
  readonly name: string
  readonly checks: readonly Check[]
}

/** A run of the official suite. */
export interface SuiteRun {
  readonly exitCode: number
  readonly scenarios: readonly ScenarioResult[]
  readonly output: string
}

/** How the suite is run. */
export interface RunSuiteOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Sees the output line by line, while the suite runs. */
  readonly onLine?: (line: string) => void
}

/**
 * Runs the official conformance suite, its mock servers on the loopback interface only, and reads
 * what it wrote. Its exit code does not tell enough: some checks are graded as information.
 */
export async function runSuite(
  parameters: readonly string[],
  options: RunSuiteOptions = {},
): Promise<SuiteRun> {
  const results = await mkdtemp(path.join(tmpdir(), 'evergrant-conformance-'))
  try {
    const { exitCode, output } = await run([...parameters, '--output-dir', results], options)
    return { exitCode, output, scenarios: await readResults(results) }
  } finally {
    await rm(results, { recursive: true, force: true })
  }
}

/**
 * The checks of a run of one scenario with `--verbose`, as the suite printed them at its very end.
 *
 * The suite writes `checks.json` first and fetches a client ID metadata document after that, when
 * it stops the scenario: what it found in the document stands only in this report.
 */
export function reportedChecks(suiteRun: SuiteRun): readonly Check[] {
  const report = /^\[\n[\s\S]*?^\]$/m.exec(suiteRun.output)?.[0]
  return report === undefined ? [] : z.array(checkSchema).parse(JSON.parse(report))
}

/** The command that the suite starts for each scenario: the client, on this process's runtime. */
export function clientCommand(): string {
  const client = path.join(import.meta.dirname, 'client.ts')
  return [process.execPath, ...process.execArgv, client]
    .map((part) => JSON.stringify(part))
    .join(' ')
}

function run(
  parameters: readonly string[],
  { env = {}, onLine }: RunSuiteOptions,
): Promise<{ exitCode: number; output: string }> {
  const manifest = createRequire(import.meta.url).resolve(
    '@modelcontextprotocol/conformance/package.json',
  )
  const program = path.join(path.dirname(manifest), 'dist', 'index.js')
  const loopbackOnly = new URL('loopback-only.ts', import.meta.url).href
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=DEP0190', '--import', loopbackOnly, program, ...parameters],
      { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let output = ''
    let line = ''
    function take(chunk: Buffer): void {
      const text = chunk.toString('utf8')
      output += text
      const lines = (line + text).split('\n')
      line = lines.pop() ?? ''
      for (const complete of lines) onLine?.(complete)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('error', reject)
    child.once('close', (code) => resolve({ exitCode: code ?? 1, output }))
  })
}

async function readResults(folder: string): Promise<ScenarioResult[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.name === 'checks.json')
  const scenarios = await Promise.all(
    files.map(async (entry) => {
      const text = await readFile(path.join(entry.parentPath, entry.name), 'utf8')
      const name = path
        .relative(folder, entry.parentPath)
        .replaceAll('\\', '/')
        .replace(/-\d{4}-\d{2}-\d{2}T[\d-]+Z$/, '')
      return { name, checks: z.array(checkSchema).parse(JSON.parse(text)) }
    }),
  )
  return scenarios.sort((one, other) => one.name.localeCompare(other.name))
}
