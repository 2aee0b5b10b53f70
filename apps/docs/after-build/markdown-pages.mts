import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { origin } from '../config/site.ts'

const docs = path.resolve(import.meta.dirname, '../../../docs')
const generatedApi = 'reference/api/'

/** A page of the `docs` folder. */
interface Page {
  /** Relative to the folder, with slashes. */
  readonly file: string
  readonly title: string
  readonly description: string
  /** Without front matter. */
  readonly text: string
}

/** The parts of `llms.txt`, in the order of a reader: what to do first, then why, then all details. */
const sections: readonly (readonly [title: string, prefix: RegExp])[] = [
  ['Start', /^[^/]+$/],
  ['Guides', /^guides\//],
  ['Providers', /^providers\//],
  ['Explanation', /^explanation\//],
  ['Reference', /^reference\/(?!api\/)/],
  ['Decisions', /^adr\//],
  ['API', /^reference\/api\//],
]

/**
 * Writes the Markdown of each page beside the built site, at the address of its source file, and
 * `llms.txt`, the list of them for language models (https://llmstxt.org).
 */
export async function writeMarkdownPages(site: string): Promise<void> {
  const pages = await readPages()
  for (const { file, text } of pages) {
    const target = path.join(site, file)
    await mkdir(path.dirname(target), { recursive: true })
    await writeFile(target, text)
  }
  await writeFile(path.join(site, 'llms.txt'), listOf(pages))
}

async function readPages(): Promise<readonly Page[]> {
  const files = (await readdir(docs, { recursive: true }))
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => /\.mdx?$/.test(file) && !file.endsWith('/overview.md'))
    .toSorted()
  return await Promise.all(
    files.map(async (file) => pageOf(file, await readFile(path.join(docs, file), 'utf8'))),
  )
}

function pageOf(file: string, source: string): Page {
  const [, frontMatter = '', text = source] =
    /^---\n([\s\S]*?)\n---\n+([\s\S]*)$/.exec(source) ?? []
  const data: unknown = parse(frontMatter)
  const { title, description } = (data ?? {}) as Readonly<Record<string, string | undefined>>
  const heading = /^# (.+)$/m.exec(text)?.[1]
  return { file, title: title ?? heading ?? file, description: description ?? '', text }
}

function listOf(pages: readonly Page[]): string {
  const parts = sections.flatMap(([title, prefix]) => {
    const own = pages.filter(({ file }) => prefix.test(file))
    return own.length === 0 ? [] : [`## ${title}\n\n${own.map(line).join('\n')}`]
  })
  return `# Evergrant

> MCP sign-ins that last: the reference implementation of SEP-2207 (refresh tokens for the Model Context Protocol) in TypeScript. Packages for clients, MCP servers and authorization servers, and a doctor that says why users are signed out.

${parts.join('\n\n')}
`
}

function line({ file, title, description }: Page): string {
  const note = description === '' || file.startsWith(generatedApi) ? '' : `: ${description}`
  return `- [${title}](${origin}/${file})${note}`
}
