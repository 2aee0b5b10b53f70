import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Element, Root } from 'hast'
import { toHtml } from 'hast-util-to-html'
import { toString } from 'hast-util-to-string'
import type { Highlighter } from 'shiki'
import { createCssVariablesTheme, createHighlighter } from 'shiki'
import { SKIP, visit } from 'unist-util-visit'
import type { VFile } from 'vfile'
import { renderDiagram } from './render-diagram.ts'
import { repository } from './repository.ts'

// Docusaurus loads its configuration with a compiler that does not know `import.meta.dirname`.
const root = fileURLToPath(new URL('../../..', import.meta.url))
const languages = ['bash', 'diff', 'http', 'ini', 'javascript', 'json', 'sql', 'typescript', 'yaml']
/** Colors are CSS variables, which the style sheet sets for light and dark. */
const theme = 'evergrant'
const diagram = 'mermaid'

let highlighter: Promise<Highlighter> | undefined

/**
 * Highlights the code of a page when the site is built. Each block becomes one `pre` with its HTML as
 * a string: the browser receives no highlighter, and React does not visit the tokens.
 *
 * `title="…"` in the fence is shown above the code. `source="…"` makes it a link to the file in which
 * the code is tested. `tab="…"` puts it into a group of tabs (`tab-groups.ts`). A `mermaid` block is
 * drawn, and needs an `alt="…"` for readers who do not see it.
 */
export function highlightCode() {
  return async (tree: Root, file: VFile): Promise<void> => {
    highlighter ??= createHighlighter({
      langs: languages,
      themes: [createCssVariablesTheme({ name: theme })],
    })
    const highlight = await highlighter
    const blocks: (CodeBlock & { readonly pre: Element })[] = []
    visit(tree, 'element', (pre) => {
      const block = codeBlock(pre)
      if (block === undefined) return undefined
      blocks.push({ pre, ...block })
      return SKIP
    })
    for (const [index, { pre, code, language, meta }] of blocks.entries()) {
      const { title, source, tab, alt } = attributes(meta)
      pre.properties = {
        html:
          language === diagram
            ? diagramOf(code, index, alt, file)
            : htmlOf(highlight, code, language, file),
        language,
        ...(title === undefined ? {} : { title }),
        ...(tab === undefined ? {} : { tab }),
        ...(source === undefined ? {} : { href: sourceUrl(file, source) }),
      }
      pre.children = []
    }
  }
}

interface CodeBlock {
  readonly code: string
  readonly language: string
  readonly meta: string
}

function codeBlock(pre: Element): CodeBlock | undefined {
  if (pre.tagName !== 'pre') return undefined
  const [child] = pre.children
  if (child?.type !== 'element' || child.tagName !== 'code') return undefined
  const { className, metastring } = child.properties
  const names = Array.isArray(className) ? className.map(String) : []
  const language = names.find((name) => name.startsWith('language-'))?.slice('language-'.length)
  return {
    code: toString(child).replace(/\n$/, ''),
    language: language ?? 'text',
    meta: typeof metastring === 'string' ? metastring : '',
  }
}

function attributes(meta: string): Readonly<Record<string, string>> {
  const pairs = Array.from(meta.matchAll(/(\w+)="([^"]*)"/g), ([, name = '', value = '']) => [
    name,
    value,
  ])
  return Object.fromEntries(pairs) as Record<string, string>
}

function diagramOf(code: string, index: number, alt: string | undefined, file: VFile): string {
  if (alt === undefined) throw new Error(`${file.path}: a mermaid block needs alt="…".`)
  return renderDiagram(code, index, alt)
}

function htmlOf(highlight: Highlighter, code: string, language: string, file: VFile): string {
  let tree: Root
  try {
    tree = highlight.codeToHast(code, { lang: language, theme })
  } catch (cause) {
    const problem = `The language ${language} of a code block is not in config/highlight-code.ts.`
    throw new Error(`${file.path}: ${problem}`, { cause })
  }
  const [pre] = tree.children
  const inner = pre?.type === 'element' ? pre.children : []
  const lines = inner.flatMap((node) => (node.type === 'element' ? node.children : [node]))
  return toHtml(lines)
}

/** The file of a tested block on GitHub. */
function sourceUrl(file: VFile, source: string): string {
  const [target = ''] = source.split('#')
  const absolute = path.resolve(path.dirname(file.path), target)
  return `${repository}/blob/main/${path.relative(root, absolute).split(path.sep).join('/')}`
}
