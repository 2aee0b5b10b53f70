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

/** One check, as in `checks.json`. */
export type Check = z.infer<typeof checkSchema>

/** The result of a scenario. */
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

/** Options of {@link runSuite}. */
export interface RunSuiteOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Receives the output line by line while the suite runs. */
  readonly onLine?: (line: string) => void
}

/**
 * Runs the official conformance suite with its mock servers on loopback only, and reads its results. The
 * exit code is not enough: some checks are graded as information.
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
 * Returns the checks that a run of one scenario with `--verbose` printed at its end.
 *
 * The suite writes `checks.json` before it fetches a client ID metadata document, so only this output
 * contains the checks of the document.
 */
export function reportedChecks(suiteRun: SuiteRun): readonly Check[] {
  const report = /^\[\n[\s\S]*?^\]$/m.exec(suiteRun.output)?.[0]
  return report === undefined ? [] : z.array(checkSchema).parse(JSON.parse(report))
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
