import { findNodeAtLocation, parse, parseTree } from 'jsonc-parser'
import type { JSONPath, Node } from 'jsonc-parser'

/** Reads JSON that can have comments and commas at the end. */
export function readJsonc(text: string): unknown {
  return parse(text, [], { allowTrailingComma: true }) as unknown
}

/**
 * Removes members and elements, with the comments before them. Everything else stays as it is written.
 *
 * @param paths - Paths that do not exist are ignored.
 */
export function withoutPaths(text: string, paths: readonly JSONPath[]): string {
  // From the end to the start, so that indexes and offsets before a removal stay right.
  return paths
    .flatMap((path) => {
      const node = nodeAt(text, path)
      return node === undefined ? [] : [{ path, offset: node.offset }]
    })
    .toSorted((one, other) => other.offset - one.offset)
    .reduce((rest, { path }) => withoutPath(rest, path), text)
}

function withoutPath(text: string, path: JSONPath): string {
  const node = nodeAt(text, path)
  const siblings = node?.parent?.children
  if (node === undefined || siblings === undefined || node.parent === undefined) return text
  const index = siblings.indexOf(node)
  const before = siblings[index - 1]
  const isLast = index === siblings.length - 1
  const end = node.offset + node.length
  const comma = /^\s*,/.exec(text.slice(end))?.[0].length ?? 0
  if (before === undefined) {
    return text.slice(0, node.parent.offset + 1) + text.slice(end + comma)
  }
  const endBefore = before.offset + before.length
  const commaBefore = /^\s*,/.exec(text.slice(endBefore))?.[0].length ?? 0
  return isLast && comma === 0
    ? text.slice(0, endBefore) + text.slice(end)
    : text.slice(0, endBefore + commaBefore) + text.slice(end + comma)
}

/** The member or the element, not its value. */
function nodeAt(text: string, path: JSONPath): Node | undefined {
  const tree = parseTree(text, [], { allowTrailingComma: true })
  const value = tree === undefined ? undefined : findNodeAtLocation(tree, path)
  return value?.parent?.type === 'property' ? value.parent : value
}
