/**
 * `pnpm smoke`: packs every package, installs the tarballs outside the workspace with npm and with
 * pnpm, and uses them there as their users do.
 *
 *     pnpm smoke [--keep] [--require]
 *
 * With `--require`, a check that cannot run on this machine fails.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { packPublished } from '@evergrant/test-kit'
import { NotRun } from './check.ts'
import type { CheckResult } from './check.ts'
import { checkBrowser } from './checks/browser.ts'
import { checkClients } from './checks/clients.ts'
import { checkEntries } from './checks/entries.ts'
import { checkReadmes, writeExamples } from './checks/readmes.ts'
import { checkTypes } from './checks/types.ts'
import { checkWorkerd } from './checks/workerd.ts'
import { nodeReleases } from './node-releases.ts'
import { startReferenceServers } from './reference-servers.ts'
import { createScratchProject } from './scratch-project.ts'
import type { PackageManager } from './scratch-project.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const keep = process.argv.includes('--keep')
const isRequired = process.argv.includes('--require')
const managers: readonly PackageManager[] = ['npm', 'pnpm']

const work = mkdtempSync(path.join(tmpdir(), 'evergrant-smoke-'))
const startedAt = performance.now()
let failures = 0
let notRun = 0
try {
  const packed = await packPublished(root, path.join(work, 'packed'))
  for (const manager of managers) {
    mkdirSync(path.join(work, manager))
    const folder = path.join(work, manager)
    const project = await createScratchProject(manager, folder, packed)
    const installation = { packed, project }
    say(`${manager}: ${packed.size} packages installed`)
    const examples = writeExamples(installation)
    for (const release of nodeReleases()) {
      await report(manager, () => checkEntries(installation, release))
      await report(manager, async () => {
        await using servers = await startReferenceServers()
        return await checkReadmes(installation, examples, release, servers.server.url)
      })
      await report(manager, () => checkClients(installation, release))
    }
    await report(manager, () => checkTypes(installation, examples))
    // What runs elsewhere is a bundle, which does not depend on who installed the packages.
    if (manager !== 'npm') continue
    await report(manager, () => checkWorkerd(installation))
    await report(manager, () => checkBrowser(installation))
  }
} finally {
  if (keep) say(`The projects are in ${work}.`)
  else rmSync(work, { recursive: true, force: true })
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
say(`${failures} failed, ${notRun} not run, in ${seconds} s`)
if (failures > 0 || (isRequired && notRun > 0)) process.exitCode = 1

async function report(manager: PackageManager, check: () => Promise<CheckResult>): Promise<void> {
  try {
    say(`✓ ${manager}: ${await check()}`)
  } catch (error) {
    if (error instanceof NotRun) {
      notRun += 1
      say(`- NOT RUN: ${error.message}`)
      return
    }
    failures += 1
    say(`✗ ${manager}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
