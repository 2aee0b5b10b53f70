import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { guidesOf } from '../src/follow/plan.ts'
import { fencesOf, placeOf } from '../src/pages/fences.ts'
import { readPages, root } from '../src/pages/read-pages.ts'

const fence = (info: string, code = 'code') => `\`\`\`${info}\n${code}\n\`\`\`\n`

function planOf(...blocks: readonly string[]) {
  return guidesOf({ path: 'page.md', fences: fencesOf('page.md', blocks.join('\n')) })
}

describe('plan', () => {
  test('plan: writes titled blocks, runs commands, and compares their outputs', () => {
    const [guide] = planOf(
      fence('ts title="a.ts"'),
      fence('ts title="a.ts" after="a.ts"', 'more'),
      fence('sh', 'node a.ts'),
      fence('text', 'output'),
    )
    expect(guide?.steps).toMatchObject([
      { kind: 'write', file: 'a.ts', text: 'code\n' },
      { kind: 'write', file: 'a.ts', text: 'code\n\nmore\n' },
      { kind: 'run', fence: { code: 'node a.ts' }, outputs: [{ code: 'output' }] },
    ])
  })

  test('plan: follows a page once for each tab, with npm', () => {
    const guides = planOf(
      fence('ts title="a.ts" tab="SDK 2.x"', '2'),
      fence('ts title="a.ts" tab="SDK 1.x"', '1'),
      'Text.',
      fence('sh tab="npm"', 'npm'),
      fence('sh tab="pnpm"', 'pnpm'),
      'Text.',
      fence('sh tab="SDK 2.x"', 'only 2'),
    )
    const codeOf = ({ steps }: (typeof guides)[number]) => steps.map((step) => step.fence.code)
    expect(guides.map(codeOf)).toEqual([
      ['2', 'npm', 'only 2'],
      ['1', 'npm', 'only 2'],
    ])
  })

  test('plan: lists what is not run, and refuses it without a reason', () => {
    const [guide] = planOf(fence('sh run="no" because="needs a product"'))
    expect([guide?.steps, guide?.notRun]).toEqual([
      [],
      [{ place: 'page.md:1', because: 'needs a product' }],
    ])
    expect(() => planOf(fence('sh run="no"'))).toThrow('page.md:1: run="no" has no because')
  })

  test('plan: refuses a block that is neither a command nor a file nor an output', () => {
    expect(() => planOf(fence('yaml'))).toThrow('page.md:1: not a command')
    expect(() => planOf(fence('text'))).toThrow('page.md:1: not a command')
    expect(() => planOf(fence('sh needs="luck"'))).toThrow('needs="luck" is not known')
  })
})

test('pages: each guide can be followed, or says why not', () => {
  const guides = readPages('docs/tutorial.md', 'docs/guides/*.md').flatMap(guidesOf)
  expect(guides.length).toBeGreaterThan(30)
})

test('pages: the tabs npm and pnpm install the same packages', () => {
  const differences = readPages('docs/**/*.md').flatMap(({ fences }) =>
    fences.flatMap((one, index) => {
      if (one.attributes['tab'] !== 'npm') return []
      const translated = one.code
        .replaceAll('npm install', 'pnpm add')
        .replaceAll('npm pkg', 'pnpm pkg')
      const next = fences[index + 1]
      return next?.attributes['tab'] === 'pnpm' && next.code === translated ? [] : [placeOf(one)]
    }),
  )
  expect(differences).toEqual([])
})

// Until then, the names could belong to others.
test('pages: a guide that installs our packages says that they are not on npm yet', () => {
  const installs = /^npm install (?:--global )?@?evergrant/m
  const silent = readPages('docs/guides/*.md').filter(
    ({ path: page, fences }) =>
      fences.some(({ code }) => installs.test(code)) &&
      !readFileSync(path.join(root, page), 'utf8').includes('index.md#before-the-first-release'),
  )
  expect(silent.map(({ path: page }) => page)).toEqual([])
})
