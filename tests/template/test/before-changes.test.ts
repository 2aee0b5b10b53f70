import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { findTarballs } from '../../../scripts/template/tarballs.ts'
import { isDirty } from '../../../scripts/template/tree.ts'
import type { Workspace } from '../../../scripts/template/workspaces.ts'

function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'evergrant-template-test-'))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

test('working tree: a new file, a changed file and a staged one are changes', () => {
  using temporary = temporaryFolder()
  const { folder } = temporary
  const git = (...parameters: string[]) => execFileSync('git', parameters, { cwd: folder })
  git('init', '--quiet')
  git('config', 'user.name', 'a user')
  git('config', 'user.email', 'user@example.com')
  const file = path.join(folder, 'file')
  writeFileSync(file, '1')
  expect(isDirty(folder)).toBe(true)
  git('add', '--all')
  expect(isDirty(folder)).toBe(true)
  git('commit', '--quiet', '--message', 'one')
  expect(isDirty(folder)).toBe(false)
  writeFileSync(file, '2')
  expect(isDirty(folder)).toBe(true)
})

test('tarballs: one that is missing is named, and how to make it', () => {
  using temporary = temporaryFolder()
  const library = (name: string) => ({ name, version: '1.2.3' }) as Workspace
  mkdirSync(path.join(temporary.folder, 'core'))
  const packed = path.join(temporary.folder, 'core', 'evergrant-core-1.2.3.tgz')
  writeFileSync(packed, '')
  expect([...findTarballs(temporary.folder, [library('@evergrant/core')])]).toEqual([
    ['@evergrant/core', packed],
  ])
  const libraries = [library('@evergrant/core'), library('@evergrant/client')]
  expect(() => findTarballs(temporary.folder, libraries)).toThrow(
    expect.objectContaining({
      name: 'OptionError',
      message: expect.stringMatching(
        /no evergrant-client-1\.2\.3\.tgz.* pnpm --filter @evergrant\/client pack/,
      ),
    }),
  )
})
