import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { Report } from './report.ts'
import { runSuite } from './suite.ts'

/** The revisions whose requirement sets the suite has. */
const revisions = ['2025-11-25', '2026-07-28']

/**
 * The server suite against the reference MCP server. The suite cannot send an access token, so the
 * server runs with `--conformance`, without authorization.
 */
export async function runServerLegs(report: Report): Promise<void> {
  await using server = await startServer()
  for (const revision of revisions) {
    const title = `server, requirements of ${revision}`
    const run = await runSuite(['server', '--url', server.url, '--requirements', revision])
    // Optional by definition. The suite exits with 0 when only unscored scenarios fail.
    const optional = new Set(
      [...run.output.matchAll(/^ +[✓✗] (\S+) \(extension\)$/gm)].map(([, name]) => name),
    )
    const scenarios = run.scenarios.map(({ name, checks }) => ({
      name: name.replace(/^server-/, ''),
      checks,
    }))
    const scored = scenarios.filter(({ name }) => !optional.has(name))
    report.leg(title, scored, run)
    if (optional.size > 0) report.note(`${optional.size} extension scenarios ran and do not count`)
    if (run.exitCode !== 0) report.problem(`${title}: exit code ${run.exitCode}`)
  }
}

async function startServer(): Promise<AsyncDisposable & { readonly url: string }> {
  const manifest = createRequire(import.meta.url).resolve(
    '@evergrant/reference-mcp-server/package.json',
  )
  const program = path.join(path.dirname(manifest), 'dist', 'main.js')
  const child = spawn(process.execPath, [program, 'serve', '--conformance', '--json'], {
    // Standard error only repeats that there is no authorization.
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = once(child, 'exit')
  const started = once(createInterface(child.stdout), 'line')
  const [line] = await Promise.race([
    started,
    exited.then(([code]) => {
      throw new Error(
        `${program} ended with exit code ${code} (expected a server). Build it first.`,
      )
    }),
  ])
  const { url } = z.object({ url: z.string() }).parse(JSON.parse(String(line)))
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
