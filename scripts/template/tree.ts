import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** The files of a working tree, by paths with `/` that are relative to its root. */
export interface Tree {
  readonly root: string
  has(file: string): boolean
  /** Whether a path or a pattern names something. */
  readonly matches: (pattern: string) => boolean
  read(file: string): string
  write(file: string, text: string): void
  /** Removes a file or a folder, with what git ignores in it. */
  remove(file: string): void
  /** Changes a file if it exists. */
  edit(file: string, change: (text: string) => string): void
  /** The tracked files that still exist. */
  files(): readonly string[]
}

export function openTree(root: string): Tree {
  const tree: Tree = {
    root,
    has: (file) => existsSync(path.join(root, file)),
    matches: (pattern) =>
      tree.has(pattern) ||
      (pattern.includes('*') &&
        globSync(pattern, {
          cwd: root,
          exclude: (name) => name === 'node_modules' || name === '.git',
        }).length > 0),
    read: (file) => readFileSync(path.join(root, file), 'utf8'),
    write(file, text) {
      writeFileSync(path.join(root, file), text)
    },
    remove(file) {
      rmSync(path.join(root, file), { recursive: true, force: true })
    },
    edit(file, change) {
      if (!tree.has(file)) return
      const text = tree.read(file)
      const changed = change(text)
      if (changed !== text) tree.write(file, changed)
    },
    files: () =>
      execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
        .split('\0')
        .filter((file) => file !== '' && tree.has(file)),
  }
  return tree
}

/** Whether git knows of changes that are not committed. */
export function isDirty(root: string): boolean {
  return execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' }) !== ''
}
