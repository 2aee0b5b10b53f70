/**
 * Checks third-party code.
 *
 * - Queries the registry for known vulnerabilities of the installed packages, and fails on one of at
 *   least moderate severity. Some registries, often mirrors, do not answer this query: the step then
 *   prints NOT CHECKED and passes. To accept an advisory, add its ID and the reason to
 *   `auditConfig.ignoreGhsas` in pnpm-workspace.yaml.
 * - Fails if a workflow uses an action that is not pinned by digest. A tag can be moved, and the
 *   release workflow has write permissions.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

type Json = Readonly<Record<string, unknown>>

const root = path.resolve(import.meta.dirname, '..')

checkAdvisories()
checkActions()

function checkAdvisories(): void {
  const audit = spawnSync('pnpm', ['audit', '--audit-level', 'moderate', '--json'], {
    cwd: root,
    encoding: 'utf8',
    // On Windows pnpm is a .cmd file, which only a shell runs.
    shell: process.platform === 'win32',
  })
  const advisories = advisoriesOf(audit.stdout)
  if (advisories === undefined) {
    const output = `${audit.error?.message ?? ''}${audit.stderr}`.replaceAll(/\s+/g, ' ').trim()
    // Remove the URL: it can name a private mirror.
    const reason = output.replaceAll(/https?:\/\/\S+/g, '(URL)').slice(0, 200)
    say(`Advisories NOT CHECKED: the registry did not answer the query (${reason}).`)
    return
  }
  for (const advisory of advisories) say(describe(advisory))
  say(`Known vulnerabilities: ${advisories.length}`)
  if (audit.status !== 0) process.exitCode = 1
}

/** The advisories of a report, or `undefined` if the output is not a report. */
function advisoriesOf(output: string): readonly unknown[] | undefined {
  try {
    const { advisories } = JSON.parse(output) as Json
    return typeof advisories === 'object' && advisories !== null
      ? Object.values(advisories)
      : undefined
  } catch {
    return undefined
  }
}

/** One line about an advisory: the affected package, its dependency path, and the URL. */
function describe(advisory: unknown): string {
  const { module_name, vulnerable_versions, severity, title, url, findings } = advisory as Json
  const [found] = Array.isArray(findings) ? (findings as readonly Json[]) : []
  const paths = found?.['paths']
  const way: unknown = Array.isArray(paths) ? paths[0] : undefined
  return [module_name, vulnerable_versions, severity, title, url, way]
    .filter((part) => typeof part === 'string')
    .join(' · ')
}

function checkActions(): void {
  const folder = path.join(root, '.github', 'workflows')
  let pinned = 0
  for (const name of readdirSync(folder)) {
    const lines = readFileSync(path.join(folder, name), 'utf8').split('\n')
    for (const [index, line] of lines.entries()) {
      const action = /^\s*(?:- )?uses: (\S+)/.exec(line)?.[1]
      if (action === undefined || action.startsWith('./')) continue
      if (/@[\da-f]{40}$/.test(action)) {
        pinned += 1
        continue
      }
      say(
        `.github/workflows/${name}:${index + 1}: ${action} is not pinned by digest. Write the commit's 40 digits after the @, and the version in a comment.`,
      )
      process.exitCode = 1
    }
  }
  say(`Actions pinned by digest: ${pinned}`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
