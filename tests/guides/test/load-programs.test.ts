import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { afterEach, expect, test } from 'vitest'
import { isOnlyLoaded, loadPrograms } from '../src/follow/load-programs.ts'
import { guidesOf } from '../src/follow/plan.ts'
import type { Guide } from '../src/follow/plan.ts'
import { fencesOf } from '../src/pages/fences.ts'

// Guides run in bash.
const skip = process.platform === 'win32'
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function guideOf(...blocks: readonly (readonly [string, string])[]): Guide {
  const page = blocks.map(([info, code]) => `\`\`\`${info}\n${code}\n\`\`\`\n`).join('\n')
  const [guide] = guidesOf({ path: 'page.md', fences: fencesOf('page.md', page) })
  if (guide === undefined) throw new Error('no guide')
  return guide
}

async function load(guide: Guide): Promise<number> {
  const parent = mkdtempSync(path.join(tmpdir(), 'evergrant-load-'))
  folders.push(parent)
  return await loadPrograms(guide, {
    folder: path.join(parent, 'page'),
    environment: process.env,
  })
}

const part = [
  'ts title="part.ts"',
  "import path from 'node:path'\nexport const { sep } = path",
] as const

test('load: a page of parts has programs, and no command but installations', () => {
  expect(isOnlyLoaded(guideOf(part))).toBe(true)
  expect(isOnlyLoaded(guideOf(part, ['sh', 'npm install pg']))).toBe(true)
  expect(isOnlyLoaded(guideOf(part, ['sh', 'node part.ts']))).toBe(false)
  expect(isOnlyLoaded(guideOf(['sh', 'npm install pg']))).toBe(false)
})

test.skipIf(skip)('load: the parts of a page may import each other', async () => {
  const other = ['ts title="other.ts"', "export { sep } from './part.ts'"] as const
  expect(await load(guideOf(part, other))).toBe(2)
})

test.skipIf(skip)('load: a package that the page does not install is named', async () => {
  const broken = ['ts title="part.ts"', "import 'not-installed-anywhere'"] as const
  await expect(load(guideOf(broken))).rejects.toThrow(
    /page\.md: part\.ts cannot be loaded \(exit code 1\)\.[^]*'not-installed-anywhere'/,
  )
})
