import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fencesOf } from './fences.ts'
import type { Fence } from './fences.ts'

/** The root folder of the repository. */
export const root: string = path.resolve(import.meta.dirname, '../../../..')

/** A page with code. */
export interface Page {
  /** Relative to the root folder. */
  readonly path: string
  readonly fences: readonly Fence[]
}

/**
 * Reads pages.
 *
 * @param patterns - Globs, relative to the root folder.
 */
export function readPages(...patterns: readonly string[]): readonly Page[] {
  return globSync([...patterns], { cwd: root, exclude: ['docs/reference/api/**'] })
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .map((file) => ({
      path: file,
      fences: fencesOf(file, readFileSync(path.join(root, file), 'utf8')),
    }))
}
