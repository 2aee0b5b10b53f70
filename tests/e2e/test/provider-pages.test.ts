import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePorts } from '@evergrant/test-kit'
import { describe, expect, test, vi } from 'vitest'
import { commandsOfPage } from '../src/page-commands/commands-of-page.ts'
import { runPage, shownOutput } from '../src/page-commands/run-commands.ts'

const root = path.resolve(import.meta.dirname, '..', '..', '..')
const folder = path.join(root, 'docs', 'providers')
const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md') && name !== 'index.md')
  .map((name) => [name, readFileSync(path.join(folder, name), 'utf8')] as const)

/** What differs from run to run: times, and how many refreshes they lead to. */
function masked(output: string): string {
  return output
    .trim()
    .replaceAll(/\d+\.\d+ s/g, '# s')
    .replace(/^( {2}refreshes +)\d+$/m, '$1#')
}

test('provider pages: there are commands on every one of at least twenty pages', () => {
  expect(pages.length).toBeGreaterThanOrEqual(20)
  for (const [, page] of pages) {
    const commands = commandsOfPage(page).map(({ command }) => command)
    expect(commands.map((command) => command.split(' ')[4])).toEqual([
      'serve',
      'serve',
      'login',
      'call',
      'logout',
    ])
  }
})

test('provider pages: the command that builds the programs names packages that exist', () => {
  const index = readFileSync(path.join(folder, 'index.md'), 'utf8')
  const filters = [...index.matchAll(/--filter=(\S+)/g)].map(([, name = '']) => name)
  const manifests = ['reference-client', 'reference-as', 'reference-mcp-server'].map((app) =>
    readFileSync(path.join(root, 'apps', app, 'package.json'), 'utf8'),
  )
  expect(filters).toEqual(
    manifests.map((manifest) => (JSON.parse(manifest) as { readonly name: string }).name),
  )
})

// Mostly waiting for access tokens to expire.
describe.concurrent('provider pages', () => {
  test.each(pages)(
    'provider pages: the commands of %s do what the page shows',
    { tags: ['C-02', 'C-50', 'C-51'], timeout: 60_000 },
    async (_, page) => {
      const runs = await runPage(page, root)
      const shown = commandsOfPage(page)
      expect(runs.map(({ command, code }) => ({ command, code }))).toEqual(
        shown.map(({ command }) => ({ command, code: 0 })),
      )
      for (const [index, run] of runs.entries()) {
        expect(masked(shownOutput(run))).toBe(masked(shown[index]?.output ?? ''))
      }
      const calls = runs.find(({ command }) => command.includes(' call '))?.output
      expect(calls).toMatch(/^ {2}refreshes +[1-9]/m)
      expect(calls).toMatch(/^ {2}failed +0$/m)
      expect(calls).toMatch(/^ {2}sign-ins +0$/m)
    },
  )
})

test(
  'provider pages: a reader can try one product after another, on the same ports and with one store',
  { tags: ['C-50'], timeout: 60_000 },
  async () => {
    const home = await mkdtemp(path.join(tmpdir(), 'evergrant-reader-'))
    const [first = 0, second = 0] = await freePorts(2)
    try {
      // Two where clients register themselves, one where they do not, and the first once more.
      for (const name of ['okta.md', 'entra-id.md', 'auth0.md', 'okta.md']) {
        const page = pages.find(([one]) => one === name)?.[1] ?? ''
        // Without calls and without signing out. The servers forget everything.
        const part = commandsOfPage(page)
          .slice(0, 3)
          .map(({ command }) => `\n\`\`\`sh\n${command}\n\`\`\`\n\n\`\`\`text\n\`\`\`\n`)
          .join('')
        const runs = await runPage(`\n## Try it locally\n${part}`, root, {
          home,
          ports: [first, second],
        })
        expect(runs.map(({ code, output }) => (code === 0 ? '' : output))).toEqual(['', '', ''])
        expect(runs.at(-1)?.output).toContain('issued: you stay signed in')
        // A reader needs more than a minute. The client does not check newer registrations.
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 })
      }
    } finally {
      vi.useRealTimers()
      await rm(home, { recursive: true, force: true })
    }
  },
)
