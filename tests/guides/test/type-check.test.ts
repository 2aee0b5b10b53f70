import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { fencesOf } from '../src/pages/fences.ts'
import { programsOf } from '../src/pages/programs.ts'
import type { Program } from '../src/pages/programs.ts'
import { readPages } from '../src/pages/read-pages.ts'

// In this package, because its dependencies are what a reader installs.
const folder = mkdtempSync(path.join(import.meta.dirname, '.blocks-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What the compiler of a reader says, with `strict`. Each program has its own folder. */
async function errorsOf(name: string, programs: readonly Program[]): Promise<readonly string[]> {
  const project = path.join(folder, name)
  for (const [index, { files }] of programs.entries()) {
    for (const [file, text] of Object.entries(files)) {
      const target = path.join(project, String(index), file)
      mkdirSync(path.dirname(target), { recursive: true })
      writeFileSync(target, text)
    }
  }
  const compilerOptions = {
    target: 'ES2024',
    lib: ['ES2024'],
    module: 'NodeNext',
    moduleDetection: 'force',
    customConditions: ['workspace:source'],
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  }
  const tsconfig = path.join(project, 'tsconfig.json')
  writeFileSync(tsconfig, JSON.stringify({ compilerOptions, include: ['.'] }))
  try {
    await promisify(execFile)('tsc', ['-p', tsconfig, '--pretty', 'false'], {
      cwd: project,
      shell: process.platform === 'win32',
      maxBuffer: 2 ** 24,
    })
    return []
  } catch (error) {
    const { stdout = '' } = error as { readonly stdout?: string }
    return stdout
      .trim()
      .split('\n')
      .map((line) => {
        const [, index = '', rest = ''] = /^(\d+)[\\/](.*)$/.exec(line) ?? []
        return index === '' ? line : `${programs[Number(index)]?.place ?? ''} ${rest}`
      })
  }
}

test('pages: each TypeScript block compiles in a file of its own', async () => {
  const programs = readPages('docs/**/*.md').flatMap(({ fences }) => programsOf(fences))
  expect(programs.length).toBeGreaterThan(20)
  expect(await errorsOf('pages', programs)).toEqual([])
})

test('pages: each TypeScript block comes from a file that is tested', () => {
  const typed = readPages('docs/**/*.md').flatMap(({ fences }) =>
    fences
      .filter(({ language, attributes }) => language === 'ts' && attributes['source'] === undefined)
      .map(({ page, line }) => `${page}:${line}`),
  )
  expect(typed).toEqual([])
})

test('pages: finds a missing import, a wrong type and a missing block', async () => {
  const page = `
\`\`\`ts title="a.ts"
export const a: string = 1
\`\`\`

\`\`\`ts title="b.ts"
export const b = fileStore('.')
\`\`\`

\`\`\`ts title="c.ts"
export { d } from './d.ts'
\`\`\`

\`\`\`ts title="e.ts" after="a.ts"
export const e = a
\`\`\`
`
  const errors = await errorsOf('planted', programsOf(fencesOf('page.md', page)))
  expect(errors.map((line) => line.replace(/: error (TS\d+).*$/, ' $1'))).toEqual([
    'page.md:2 a.ts(1,14) TS2322',
    'page.md:6 b.ts(1,18) TS2304',
    'page.md:10 c.ts(1,19) TS2307',
    'page.md:14 e.ts(1,14) TS2322',
  ])
})
