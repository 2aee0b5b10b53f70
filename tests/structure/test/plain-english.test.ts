import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { phrasesIn } from '../src/plain-english.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const pages = globSync(
  ['docs/**/*.md', '*.md', '{packages,apps,tests}/*/README.md', '.changeset/*.md'],
  { cwd: root, exclude: ['docs/reference/api/**'] },
).map((file) => file.replaceAll('\\', '/'))

test('pages: no page has a phrase that reads as translated or quaint', () => {
  expect(pages).toContain('README.md')
  expect(
    pages.flatMap((page) => phrasesIn(page, readFileSync(path.join(root, page), 'utf8'))),
  ).toEqual([])
})

test('pages: finds a phrase in prose, and not in code', () => {
  const page = 'Nobody is asked anew.\n\n```text\nnobody\n```\n\n`nobody`\nA person reads.\n'
  expect(phrasesIn('page.md', page).map((line) => line.split('. ')[0])).toEqual([
    'page.md:1: "Nobody"',
    'page.md:1: "anew"',
    'page.md:8: "A person"',
  ])
})
