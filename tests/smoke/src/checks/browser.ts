import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { findChromium, startFetchServer } from '@evergrant/test-kit'
import { chromium } from 'playwright-core'
import { bundleProgram } from '../bundle.ts'
import { NotRun } from '../check.ts'
import type { CheckResult, Installation } from '../check.ts'
import { startReferenceServers } from '../reference-servers.ts'

const samples = path.resolve(import.meta.dirname, '../../../../apps/samples/src')
const page = `<!doctype html><title>Smoke</title><link rel="icon" href="data:,">
<button>Call</button><output></output><script type="module" src="/page.js"></script>`

/** In a browser: a page signs in with a window, and calls an MCP server of another origin. */
export async function checkBrowser({ project }: Installation): Promise<CheckResult> {
  const executablePath = findChromium()
  if (executablePath === undefined) {
    throw new NotRun('browser: no Chromium is installed, and EVERGRANT_CHROMIUM is not set')
  }
  const folder = path.join(project.folder, 'programs')
  mkdirSync(folder, { recursive: true })
  // The code of the guide for browser apps, as it is printed.
  copyFileSync(path.join(samples, 'browser-sign-in.ts'), path.join(folder, 'browser-sign-in.ts'))
  const script = await bundleProgram(project, 'page.ts', 'browser')
  await using site = await startFetchServer((request) => {
    const isScript = new URL(request.url).pathname === '/page.js'
    const headers = { 'content-type': isScript ? 'text/javascript' : 'text/html' }
    return Promise.resolve(new Response(isScript ? script : page, { headers }))
  })
  const { origin } = new URL(site.url)
  await using servers = await startReferenceServers([origin])
  const browser = await chromium.launch({
    executablePath,
    // Chromium refuses its sandbox to root, as which CI runs.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
  try {
    const tab = await browser.newPage()
    await tab.goto(`${origin}/?mcp=${encodeURIComponent(servers.server.url)}`)
    await tab.getByRole('button').click()
    const output = tab.locator('output')
    await output.filter({ hasText: /./ }).waitFor()
    const shown = await output.textContent()
    if (shown !== 'status 200, refresh token: true') throw new Error(`The page shows: ${shown}`)
  } finally {
    await browser.close()
  }
  return 'browser: a page signs in with a window, and calls an MCP server of another origin'
}
