import path from 'node:path'
import { placeOf } from './fences.ts'
import type { Fence } from './fences.ts'

/** A TypeScript file as a reader gets it who pastes a block. */
export interface Program {
  /** Where the block is. */
  readonly place: string
  readonly files: Readonly<Record<string, string>>
}

/**
 * Returns one program for each TypeScript block of a page.
 *
 * A block is a whole file. With `after="name"`, it continues the block with that title. A block may
 * import others of the page by their titles.
 */
export function programsOf(fences: readonly Fence[]): readonly Program[] {
  const blocks = fences.filter(({ language }) => language === 'ts' || language === 'typescript')
  return blocks.map((block) => {
    const name = block.attributes['title'] ?? 'block.ts'
    const files: Record<string, string> = { [name]: textOf(block, blocks) }
    addImports(files, name, block, blocks)
    return { place: placeOf(block), files }
  })
}

/** The whole file: the blocks that this one continues, and this one. */
export function textOf(block: Fence, blocks: readonly Fence[]): string {
  const { after } = block.attributes
  if (after === undefined) return `${block.code}\n`
  const earlier = titled(after, block, blocks)
  if (earlier === undefined) {
    throw new Error(`${placeOf(block)}: no earlier block has the title ${JSON.stringify(after)}.`)
  }
  return `${textOf(earlier, blocks)}\n${block.code}\n`
}

function addImports(
  files: Record<string, string>,
  name: string,
  block: Fence,
  blocks: readonly Fence[],
): void {
  for (const [, imported = ''] of files[name]?.matchAll(/from '\.\/([^']+)'/g) ?? []) {
    const title = path.posix.normalize(imported)
    if (files[title] !== undefined) continue
    const found = titled(title, block, blocks)
    if (found === undefined) continue // The compiler reports it.
    files[title] = textOf(found, blocks)
    addImports(files, title, found, blocks)
  }
}

/**
 * The block with this title that a reader sees together with another one: in the same tab if there is
 * one, and earlier if there are several.
 */
function titled(title: string, beside: Fence, blocks: readonly Fence[]): Fence | undefined {
  const found = blocks.filter((block) => block !== beside && block.attributes['title'] === title)
  const sameTab = found.filter(({ attributes }) => attributes['tab'] === beside.attributes['tab'])
  const candidates = sameTab.length > 0 ? sameTab : found
  return candidates.findLast(({ line }) => line < beside.line) ?? candidates[0]
}
