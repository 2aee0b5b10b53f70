import type { Element, ElementContent, Root } from 'hast'
import { SKIP, visit } from 'unist-util-visit'
import type { VFile } from 'vfile'

/**
 * What a reader can choose between. A choice applies to every block of its group, on all pages. The
 * `tab="…"` of a fence is one of these labels.
 */
const groups: Readonly<Record<string, readonly string[]>> = {
  'package-manager': ['npm', 'pnpm'],
  client: ['SDK 2.x', 'SDK 1.x', 'fetch'],
  framework: ['Express', 'Express, SDK 1.x', 'Fastify', 'Hono', 'Node.js'],
  store: ['PostgreSQL', 'Redis', 'File'],
  shell: ['macOS and Linux', 'Windows'],
}

/** `src/theme/MDXComponents` names the component for it. */
const element = 'code-tabs'

/**
 * Makes tabs of code blocks that follow each other and have a `tab="…"` in their fence. On GitHub,
 * they are separate blocks.
 */
export function tabGroups() {
  return (tree: Root, file: VFile): void => {
    visit(tree, (parent) => {
      if (parent.type !== 'root' && parent.type !== 'element') return undefined
      if (parent.type === 'element' && parent.tagName === element) return SKIP
      parent.children = groupTabs(parent.children as ElementContent[], file)
      return undefined
    })
  }
}

function groupTabs(children: readonly ElementContent[], file: VFile): ElementContent[] {
  const result: ElementContent[] = []
  let current: Element | undefined
  for (const child of children) {
    const tab = child.type === 'element' ? child.properties['tab'] : undefined
    if (child.type === 'element' && typeof tab === 'string') {
      const group = groupOf(tab, file)
      if (current === undefined) {
        current = {
          type: 'element',
          tagName: element,
          properties: { group, labels: [] },
          children: [],
        }
        result.push(current)
      }
      current.children.push(child)
      current.properties['labels'] = labelsOf(current).join('\n')
    } else if (current === undefined || child.type !== 'text' || child.value.trim() !== '') {
      // White space between two blocks does not end a group.
      current = undefined
      result.push(child)
    }
  }
  return result
}

function labelsOf({ children }: Element): readonly string[] {
  return children.map((child) => (child.type === 'element' ? String(child.properties['tab']) : ''))
}

function groupOf(label: string, file: VFile): string {
  const found = Object.entries(groups).find(([, labels]) => labels.includes(label))
  if (found === undefined) {
    throw new Error(`${file.path}: the tab ${label} is not in config/tab-groups.ts.`)
  }
  return found[0]
}
