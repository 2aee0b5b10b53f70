import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { walkThroughPages } from '@evergrant/test-kit'
import type { CheckResult, Installation, NodeRelease } from '../check.ts'
import { startReferenceServers } from '../reference-servers.ts'

/** The complete programs of the guide for clients. */
const programs = ['quickstart.ts', 'quickstart-sdk-v1.ts', 'quickstart-fetch.ts']
const samples = path.resolve(import.meta.dirname, '../../../../apps/samples/src')

/** Runs the clients with SDK 2.x, SDK 1.x and fetch twice each: the second run needs no sign-in. */
export async function checkClients(
  { project }: Installation,
  release: NodeRelease,
): Promise<CheckResult> {
  await using servers = await startReferenceServers()
  const { as, server } = servers
  for (const [index, program] of programs.entries()) {
    copyFileSync(path.join(samples, program), path.join(project.folder, program))
    const home = mkdtempSync(path.join(project.folder, 'home-'))
    for (const expected of ['Sign in', undefined]) {
      const lines = await runClient(program, {
        folder: project.folder,
        home,
        release,
        url: server.url,
      })
      if (lines.some((line) => line.startsWith('Sign in')) !== (expected !== undefined)) {
        throw new Error(`${program} printed:\n${lines.join('\n')}`)
      }
    }
    if (as.stats().signIns !== index + 1) throw new Error(`${program} signed in more than once.`)
  }
  return `SDK 2.x, SDK 1.x and fetch on Node.js ${release.version}: one sign-in for two runs each`
}

interface ClientRun {
  readonly folder: string
  readonly home: string
  readonly release: NodeRelease
  readonly url: string
}

async function runClient(
  program: string,
  { folder, home, release, url }: ClientRun,
): Promise<readonly string[]> {
  const flags = ['--experimental-strip-types', '--no-warnings']
  const child = spawn(release.program, [...flags, program, url], {
    cwd: folder,
    env: { ...process.env, HOME: home, USERPROFILE: home, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  })
  const exit = once(child, 'exit')
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(line)
    const page = /^Sign in: (?<url>\S+)$/.exec(line)?.groups?.['url']
    if (page !== undefined) await walkThroughPages(page)
  }
  const [code] = (await exit) as [number | null]
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}:\n${lines.join('\n')}`)
  return lines
}
